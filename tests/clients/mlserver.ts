// MLServer with a model version of Winnow, for tests: starts it in a folder of its own, waits until
// the model is loaded, and ends it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { choosePort } from '../../infra/local/services/free-ports.ts'
import { until } from '../support/until.ts'

/** A running server. */
export type MlServer = { readonly url: string; stop(): Promise<void> }

/** Importing its packages takes long on a busy machine. */
const startMsMax = 300_000

/** Starts the server with the version in `versionDir`, as the model `name`. */
export async function startMlServer(options: {
  readonly bin: string
  readonly dir: string
  readonly name: string
  readonly versionDir: string
}): Promise<MlServer> {
  const { bin, dir, name, versionDir } = options
  const folder = join(dir, 'mlserver')
  await mkdir(folder, { recursive: true })
  const [httpPort, grpcPort, metricsPort] = [
    await choosePort([]),
    await choosePort([]),
    await choosePort([]),
  ]
  const settings = {
    host: '127.0.0.1',
    http_port: httpPort,
    grpc_port: grpcPort,
    metrics_port: metricsPort,
    parallel_workers: 0,
    debug: false,
  }
  const model = {
    name,
    implementation: 'mlserver_runtime.WinnowVersion',
    parameters: { uri: versionDir, version: '1' },
  }
  await writeFile(join(folder, 'settings.json'), JSON.stringify(settings))
  await writeFile(join(folder, 'model-settings.json'), JSON.stringify(model))
  const runtime = new URL('mlserver_runtime.py', import.meta.url)
  await copyFile(runtime, join(folder, 'mlserver_runtime.py'))
  const log = await open(join(dir, 'mlserver.log'), 'a')
  const child = spawn(join(bin, 'mlserver'), ['start', '.'], {
    cwd: folder,
    stdio: ['ignore', log.fd, log.fd],
  })
  await log.close()
  const url = `http://127.0.0.1:${httpPort}`
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  await until(
    () => `${url} (see ${join(dir, 'mlserver.log')})`,
    async () => {
      if (child.exitCode !== null) throw new Error(`MLServer ended with status ${child.exitCode}`)
      return fetch(`${url}/v2/models/${name}/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
    },
    startMsMax,
  ).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return { url, stop }
}
