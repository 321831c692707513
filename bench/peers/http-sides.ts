// The sides of bench/peers.ts over HTTP: `winnow serve` on a stack of its own, and the pipeline
// behind FastAPI. Requests have one text each and follow one another on one kept connection.
import { Agent, request } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { modelStoreDir } from '../../configs/paths.ts'
import { startWinnow } from '../../tests/support/cli.ts'
import { cpuSeconds } from '../measuring.ts'
import { withStack } from '../streaming.ts'
import { startPython } from './python-sides.ts'
import type { Side } from './table.ts'

type Served = { readonly url: string; readonly pid: number }

/** Starts the servers for `run` and ends them afterwards. */
export async function withHttpSides(
  options: {
    python: string
    workPath: string
    model: string
    int8: string | undefined
    workers: number
  },
  run: (http: { sides: Side[]; missing: Record<string, string> }) => Promise<void>,
): Promise<void> {
  const { python, workPath, model, int8, workers } = options
  await withStack(async ({ environment }) => {
    const env = {
      ...environment,
      WINNOW_MODEL_STORE: modelStoreDir(),
      WINNOW_INFERENCE_MODEL: model,
      WINNOW_INFERENCE_WORKERS: `${workers}`,
      WINNOW_GATEWAY_PORT: '0',
    }
    const gateway = await startWinnow(['serve'], { env, readyMsMax: 180_000 })
    const rival = startPython(python, [workPath, '--serve'])
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      const served = { url: String(gateway.document['url']), pid: gateway.pid }
      const names = { fp32: 'winnow serve fp32', int8: 'winnow serve int8' }
      const sides = [httpSide({ name: names.fp32, served, model }, agent)]
      if (int8 !== undefined) sides.push(httpSide({ name: names.int8, served, model: int8 }, agent))
      const missing: Record<string, string> = { 'MLServer Hugging Face runtime': 'not measured' }
      const name = 'FastAPI + Transformers pipeline'
      const started = await rival.read().catch(() => undefined)
      if (started === undefined) missing[name] = 'did not start; its message stands above'
      else {
        const { url } = started as { url: string }
        sides.push(httpSide({ name, served: { url, pid: rival.child.pid! } }, agent))
      }
      await run({ sides, missing })
    } finally {
      agent.destroy()
      await Promise.all([gateway.stop(), rival.close()])
    }
  })
}

/** The processor time is that of the server's process, from /proc. */
function httpSide(
  { name, served, model }: { name: string; served: Served; model?: string },
  agent: Agent,
): Side {
  return {
    name,
    isExact: false,
    async classify(texts) {
      const labels: string[] = []
      const [startedMs, startedCpu] = [performance.now(), cpuSeconds(served.pid)]
      for (const text of texts) {
        const body = JSON.stringify({ texts: [text], model })
        const { results } = await post(`${served.url}/v1/classify`, body, agent)
        labels.push(results[0]!.label)
      }
      const seconds = (performance.now() - startedMs) / 1_000
      return { labels, logits: null, seconds, cpuSeconds: cpuSeconds(served.pid) - startedCpu }
    },
  }
}

function post(url: string, body: string, agent: Agent): Promise<{ results: { label: string }[] }> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    }
    const sending = request(url, { method: 'POST', agent, headers }, (answer) => {
      readText(answer).then((got) => {
        if (answer.statusCode === 200) resolve(JSON.parse(got) as { results: { label: string }[] })
        else reject(new Error(`${url} answered ${answer.statusCode}: ${got}`))
      }, reject)
    })
    sending.on('error', reject).end(body)
  })
}
