/**
 * `npm start`: installs and builds what is missing, then starts the demo with its partner.
 * Arguments (--port, --data) are handed on to demo-app/server/main.ts, which prints the one URL to open.
 */
import { spawn } from 'node:child_process'
import { build } from './build.mjs'
import { setup } from './setup.mjs'
import { pinnedNode, root, workspaceEnv } from './workspace.mjs'

await setup()
console.log('Building (a few seconds; only what has changed) …')
const code = await build()
if (code !== 0) process.exit(code)

console.log('Starting the partner and the demo …')
const server = spawn(
  pinnedNode,
  ['--conditions=source', '--disable-warning=ExperimentalWarning', 'demo-app/server/main.ts', ...process.argv.slice(2)],
  {
    cwd: root,
    env: workspaceEnv(),
    stdio: 'inherit',
  },
)
// A supervisor signals only this process, a terminal's Ctrl-C both: the server may hear SIGINT twice and ends in order either way.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal))
server.on('exit', (exitCode, signal) => {
  process.exitCode = exitCode ?? (signal ? 1 : 0)
})
