/** The door for browsers: the partner on memory storage, answering a MessagePort. */
export * from './common.ts'
