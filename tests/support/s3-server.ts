// A real S3-compatible server for the tests: Adobe S3Mock, fetched once by Maven into the cache
// folder, started by the first test file that needs it, stopped with the stack (global-stack.ts).
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { cacheDir } from '../../configs/paths.ts'
import { loadConfig } from '../../configs/load.ts'
import type { Config } from '../../configs/schema.ts'
import { ensurePacks, packDir } from '../../infra/local/services/pinned-jars.ts'
import { answers, choosePort } from '../../infra/local/services/free-ports.ts'
import {
  launch,
  runningProcess,
  serviceFiles,
  stopProcess,
  untilReady,
} from '../../infra/local/services/service-runner.ts'
import type { Environment } from './cli.ts'
import packs from './s3-server-hashes.json' with { type: 'json' }

/** Fetches the server's jar into the cache folder if it is not there, and returns its path. */
export async function ensureS3Jar(): Promise<string> {
  const stackDir = join(cacheDir(), 'stack')
  const pom = fileURLToPath(new URL('s3-server.pom.xml', import.meta.url))
  await ensurePacks({ stackDir, pom, packs })
  const { s3mock } = packs
  return join(packDir(stackDir, 's3mock', s3mock), `s3mock-${s3mock.version}-exec.jar`)
}

/**
 * The running server's address; starts it if it is not running. Ready after 4 s, 210 MB resident.
 */
export async function openS3Server(stateDir: string): Promise<{ endpoint: string; port: number }> {
  const files = serviceFiles(stateDir, 's3')
  const portFile = join(stateDir, 's3.port')
  if ((await runningProcess(files)) !== undefined) {
    const port = Number(await readFile(portFile, 'utf8'))
    return { endpoint: `http://127.0.0.1:${port}`, port }
  }
  const port = await choosePort([])
  const spare = await choosePort([], new Set([port]))
  const root = join(stateDir, 's3')
  await mkdir(root, { recursive: true })
  const identity = await launch(
    { command: 'java', args: serverArguments({ jar: await ensureS3Jar(), root, port, spare }) },
    files,
  )
  await untilReady({
    name: 's3',
    identity,
    files,
    waitMsMax: 120_000,
    isReady: async () => (await answers(port)) && (await lists(port)),
  })
  await writeFile(portFile, String(port))
  return { endpoint: `http://127.0.0.1:${port}`, port }
}

/** Stops the server if it is running. */
export function stopS3Server(stateDir: string): Promise<void> {
  return stopProcess(serviceFiles(stateDir, 's3'), 1_000)
}

/** Creates a new bucket and returns its settings, as variables and as configuration. */
export async function newBucket(
  endpoint: string,
): Promise<{ env: Environment; store: Config['store']; bucket: string; client: S3Client }> {
  const bucket = `winnow-${randomUUID()}`
  const env: Environment = {
    WINNOW_STORE_KIND: 's3',
    WINNOW_STORE_ENDPOINT: endpoint,
    WINNOW_STORE_BUCKET: bucket,
    WINNOW_STORE_PREFIX: 'models',
    WINNOW_STORE_PATH_STYLE: 'true',
    WINNOW_STORE_ACCESS_KEY_ID: 'tester',
    WINNOW_STORE_SECRET_ACCESS_KEY: 'a-secret-of-the-tests',
  }
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'tester', secretAccessKey: 'any' },
  })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  return { env, store: loadConfig({ env }).store, bucket, client }
}

function serverArguments(server: {
  jar: string
  root: string
  port: number
  spare: number
}): string[] {
  return [
    '-Xmx192m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-jar',
    server.jar,
    '--server.address=127.0.0.1',
    `--server.port=${server.port}`,
    '--server.ssl.enabled=false',
    `--com.adobe.testing.s3mock.httpPort=${server.spare}`,
    // S3Mock checks a condition and writes in two steps, where S3 guarantees one, so it serves one
    // request at a time.
    '--server.tomcat.threads.max=1',
    '--server.tomcat.threads.min-spare=1',
    `--com.adobe.testing.s3mock.store.root=${server.root}`,
  ]
}

async function lists(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
  return answer?.ok === true
}
