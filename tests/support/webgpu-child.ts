// Classifies texts with WebGPU and with the processor, in a process of its own that
// webgpu.test.ts starts with a software GPU. Prints what it found as JSON.
import { configSchema } from '../../configs/schema.ts'
import type { DoctorCheck } from '../../infra/local/machine-checks.ts'
import { openClassifier, type Classifier } from '../../models/inference/classifier.ts'
import { checkProvider } from '../../serving/checks/provider-checks.ts'

/** The results of the same texts in the order of `texts`. */
export type WebGpuFindings = {
  readonly providers: readonly string[]
  readonly cpu: readonly Found[]
  /** Each text in a batch of its own. */
  readonly alone: readonly Found[]
  /** All texts in one batch, while another model runs on the same device. */
  readonly together: readonly Found[]
  readonly batchSizes: readonly number[]
  /** What doctor says about the device in fp32, and in fp16, which SwiftShader lacks. */
  readonly checks: readonly (readonly DoctorCheck[])[]
}
export type Found = { readonly label: string; readonly logits: readonly number[] }

const [, , modelPath = ''] = process.argv
/** Ids int32 [8]: the length of the warm-up, whose shaders are compiled already. */
const texts = [3, 11, 20].map((first) => Int32Array.from({ length: 8 }, (_, i) => first + 2 * i))
const batchSizes: number[] = []

async function open(provider: 'cpu' | 'webgpu'): Promise<Classifier> {
  const device = { provider: 'webgpu', deviceId: 0, precision: 'fp32', fallback: 'none' } as const
  return openClassifier({
    modelPath,
    labels: ['a', 'b', 'c'],
    tokenizer: { encode: noTokenizer, encoding: noTokenizer },
    maxTokens: 8,
    workers: 1,
    device: provider === 'cpu' ? undefined : { ...device, workers: 1 },
    onBatch: ({ size }) => batchSizes.push(size),
  })
}

function noTokenizer(): never {
  throw new Error('the test gives ids')
}

async function classify(classifier: Classifier, ids: Int32Array): Promise<Found> {
  const outcome = await classifier.classify(ids)
  if (outcome.kind === 'rejected') throw new Error(outcome.error.message)
  return { label: outcome.label, logits: [...outcome.logits] }
}

async function eachAlone(classifier: Classifier): Promise<Found[]> {
  const found: Found[] = []
  for (const ids of texts) found.push(await classify(classifier, ids))
  return found
}

const processor = await open('cpu')
const [device, other] = await Promise.all([open('webgpu'), open('webgpu')])
const cpu = await eachAlone(processor)
const alone = await eachAlone(device)
batchSizes.length = 0
const [together] = await Promise.all([
  Promise.all(texts.map((ids) => classify(device, ids))),
  eachAlone(other),
])
const { inference } = configSchema.parse({ inference: { provider: 'webgpu' } })
const checks = [
  await checkProvider(inference),
  await checkProvider({ ...inference, precision: 'fp16', fallback: 'cpu' }),
]
const findings: WebGpuFindings = {
  providers: [processor.provider, device.provider],
  cpu,
  alone,
  together,
  batchSizes,
  checks,
}
await Promise.all([processor, device, other].map((classifier) => classifier.close()))
console.log(JSON.stringify(findings))
