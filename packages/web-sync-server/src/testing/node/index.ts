/** For tests in Node: PostgreSQL servers of their own, with standbys that can be promoted and primaries that can be killed. */
export { type Cluster, type ClusterOptions, type StandbyOptions, startCluster } from './start-cluster.ts'
