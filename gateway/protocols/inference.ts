// The Open Inference Protocol, version 2, over REST: health, metadata and inference
// (github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md). Each model
// takes one BYTES tensor of texts. Errors are `{"error": …}`, see error-shapes.ts.
import type { Context } from 'hono'
import { codingOf } from '../bodies/content-coding.ts'
import { packageVersion } from '../../configs/package-version.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { OnlineModelFacts, OnlineModels } from '../http/dependencies.ts'
import type { GatewayEnv } from '../http/request-context.ts'
import { addRoute, addSchemas } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import {
  acceptTexts,
  noModel,
  noNumber,
  readyModels,
  type TextsConfig,
} from '../online/online-request.ts'
import {
  getLive,
  getModel,
  getModelReady,
  getReady,
  getServer,
  inferenceSchemas,
  ofVersion,
  postInfer,
} from './inference-description.ts'
import { writeInference } from './inference-answer.ts'
import { parseInference } from './inference-request.ts'
import { headerLengthName } from './tensor-bytes.ts'

/** Adds the routes of /v2. Without models they answer 503. */
export function addInferenceRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: TextsConfig
    readonly models: OnlineModels | undefined
  },
): void {
  const { config, models } = options
  const open = { middleware: [] }
  const keyed = { middleware: [options.authorize('read')] }
  const admitted = { middleware: [options.authorize('read'), options.admit] }
  addSchemas(app, inferenceSchemas)
  addRoute(app, { ...getServer, ...keyed }, (c) =>
    c.json({
      name: 'winnow',
      version: packageVersion(),
      extensions: ['binary_tensor_data', 'classification'],
    }),
  )
  addRoute(app, { ...getLive, ...open }, (c) => c.json({ live: true }))
  addRoute(app, { ...getReady, ...open }, (c) => {
    if (models === undefined) throw noModel()
    return c.json({ ready: true })
  })
  const infer = (c: Context<GatewayEnv>): Promise<Response> => answerInfer(c, { config, models })
  addRoute(app, { ...postInfer, ...admitted }, infer)
  addRoute(app, { ...ofVersion(postInfer), ...admitted }, infer)
  const facts = async (c: Context<GatewayEnv>): Promise<OnlineModelFacts> => {
    if (models === undefined) throw noModel()
    return c.get('work').run(() => models.describe(referenceOf(c)))
  }
  const ready = async (c: Context<GatewayEnv>): Promise<Response> => {
    const { name } = await facts(c)
    return c.json({ name, ready: true })
  }
  addRoute(app, { ...ofVersion(getModelReady), ...admitted }, ready)
  addRoute(app, { ...getModelReady, ...admitted }, ready)
  const metadata = async (c: Context<GatewayEnv>): Promise<Response> =>
    c.json(metadataOf(await facts(c)))
  addRoute(app, { ...ofVersion(getModel), ...admitted }, metadata)
  addRoute(app, { ...getModel, ...admitted }, metadata)
}

/** The reference to a model in the path: NAME, or NAME@VERSION. */
function referenceOf(c: Context<GatewayEnv>): string {
  const name = c.req.param('name')!.slice(0, 100)
  const version = c.req.param('version')
  return version === undefined ? name : `${name}@${version.slice(0, 100)}`
}

function metadataOf({ name, versions, labels }: OnlineModelFacts) {
  return {
    name,
    versions,
    platform: 'onnx_onnxv1',
    inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
    outputs: [
      { name: 'label', datatype: 'BYTES', shape: [-1] },
      { name: 'score', datatype: 'FP32', shape: [-1] },
      { name: 'probabilities', datatype: 'FP32', shape: [-1, labels.length] },
      { name: 'logits', datatype: 'FP32', shape: [-1, labels.length] },
    ],
    // In the order of probabilities and logits.
    properties: { labels: JSON.stringify(labels) },
  }
}

async function answerInfer(
  c: Context<GatewayEnv>,
  options: { readonly config: TextsConfig; readonly models: OnlineModels | undefined },
): Promise<Response> {
  const { config } = options
  const models = readyModels(options.models)
  const work = c.get('work')
  requireInferenceType(c)
  const body = await work.body()
  const headerLength = c.req.header(headerLengthName)
  const request = await work.steps(parseInference(body, { headerLength, config }))
  const consequence = 'nothing was classified'
  const texts = await acceptTexts(c, request.texts, { config, consequence })
  const cleaned = texts.map((text) => text.cleaned)
  const answered = await work.run((signal) =>
    models.use(referenceOf(c), async (model) => {
      const outcomes = await model.classify(cleaned, { signal })
      const rows = outcomes.map((one, index) => {
        if ('error' in one) throw noNumber(index)
        return one
      })
      return { rows, model }
    }),
  )
  const { id, outputs } = request
  const { json, tensors } = await work.steps(writeInference({ ...answered, id, outputs }))
  if (tensors.length === 0) {
    return c.body(bytesOf([json]), 200, { 'Content-Type': 'application/json' })
  }
  return c.body(bytesOf([json, ...tensors]), 200, {
    'Content-Type': 'application/octet-stream',
    [headerLengthName]: String(json.length),
  })
}

function bytesOf(parts: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  return Buffer.concat(parts)
}

/**
 * Refuses other types. The usual clients of the protocol send none; a page of another site that
 * does so is stopped by browser-guard.ts or by the lack of a key.
 */
function requireInferenceType(c: Context<GatewayEnv>): void {
  codingOf(c.req.header('content-encoding'))
  const [type = ''] = (c.req.header('content-type') ?? '').toLowerCase().split(';')
  if (['', 'application/json', 'application/octet-stream'].includes(type.trim())) return
  throw new WinnowError(
    'media_type_unsupported',
    'Send Content-Type: application/json, or application/octet-stream with binary data',
  )
}
