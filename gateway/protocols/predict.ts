// POST /predict, as text-embeddings-inference answers it for a classifier
// (github.com/huggingface/text-embeddings-inference). The model that serves
// answers. Errors are `{"error": …, "error_type": …}`, see error-shapes.ts.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import type { OnlineClassification, OnlineModels } from '../http/dependencies.ts'
import { addRoute, addSchemas, contentEncodingParameter, jsonContent } from '../http/route.ts'
import { readJson } from '../http/json-request.ts'
import { invalidBody } from '../bodies/event-body.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import {
  acceptTexts,
  noNumber,
  readyModels,
  textsLimit,
  type TextsConfig,
} from '../online/online-request.ts'
import { writeRows } from './json-rows.ts'

/** Adds POST /predict. Without models it answers 503. */
export function addPredictRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: TextsConfig
    readonly models: OnlineModels | undefined
  },
): void {
  const { config } = options
  addSchemas(app, predictSchemas)
  const route = { ...postPredict, middleware: [options.authorize('read'), options.admit] }
  addRoute(app, route, async (c) => {
    const models = readyModels(options.models)
    const work = c.get('work')
    const request = readPredict(await readJson(c, predictRequest, textsLimit(config)))
    const consequence = 'nothing was classified'
    const texts = await acceptTexts(c, request.texts, { config, consequence })
    const cleaned = texts.map((text) => text.cleaned)
    const { labels, rows } = await work.run((signal) =>
      models.use(undefined, async (model) => {
        const outcomes = await model.classify(cleaned, { signal })
        const classified = outcomes.map((one, index) => {
          if ('error' in one) throw noNumber(index)
          if (one.result.truncated && !request.truncate) throw tooLong(index, one.result.tokens)
          return one
        })
        return { labels: model.labels, rows: classified }
      }),
    )
    const sortedRow = (row: OnlineClassification) => sorted(row, { labels, raw: request.raw })
    const json = request.isBatch
      ? await work.steps(writeRows(rows, sortedRow))
      : JSON.stringify(sortedRow(rows[0]!))
    return c.body(json, 200, { 'Content-Type': 'application/json' })
  })
}

type PredictRequest = {
  readonly texts: readonly string[]
  /** Whether the answer has a list for each text. */
  readonly isBatch: boolean
  readonly truncate: boolean
  readonly raw: boolean
}

function readPredict(request: z.output<typeof predictRequest>): PredictRequest {
  const { inputs, truncate, raw_scores: raw } = request
  if (typeof inputs === 'string') return { texts: [inputs], isBatch: false, truncate, raw }
  const pair = 'a pair of texts; the model takes single texts. Send a batch as [["…"], ["…"]]'
  // As text-embeddings-inference reads it: a list of strings is one text or a pair, never a batch.
  if (inputs.every((input) => typeof input === 'string')) {
    if (inputs.length > 1) throw invalidBody(`inputs holds ${pair}`, 'inputs')
    return { texts: inputs, isBatch: false, truncate, raw }
  }
  const texts = inputs.map((input, index) => {
    if (typeof input === 'string') {
      throw invalidBody(
        `inputs mixes texts and lists; send the text at ${index} in a list`,
        'inputs',
      )
    }
    if (input.length > 1) throw invalidBody(`inputs[${index}] is ${pair}`, 'inputs')
    return input[0]!
  })
  return { texts, isBatch: true, truncate, raw }
}

/** All labels, the highest score first; labels of equal score in the order of the model. */
function sorted(
  { probabilities, logits }: OnlineClassification,
  { labels, raw }: { labels: readonly string[]; raw: boolean },
): { score: number; label: string }[] {
  const scores = raw ? logits : probabilities
  return labels
    .map((label, index) => ({ score: scores[index]!, label }))
    .sort((a, b) => b.score - a.score)
}

function tooLong(index: number, tokensMax: number): WinnowError {
  return new WinnowError(
    'batch_too_large',
    `The text at index ${index} has more than ${tokensMax} tokens, which the model reads at most; ` +
      'send "truncate": true',
  )
}

const predictRequest = z
  .strictObject({
    inputs: z
      .union([z.string(), z.array(z.union([z.string(), z.array(z.string()).min(1).max(2)])).min(1)])
      .meta({
        description:
          'A text, a list of one text, or a batch: a list of lists of one text. A pair of texts is ' +
          'refused.',
      }),
    truncate: z.boolean().default(true).meta({
      description: 'Whether a text that is too long is cut; if false, it is refused.',
    }),
    raw_scores: z
      .boolean()
      .default(false)
      .meta({ description: 'Whether scores are logits instead of probabilities.' }),
    parameters: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'What clients of the Hugging Face API send beside inputs; ignored.' }),
    truncation_direction: z
      .string()
      .regex(/^(?:Right|right)$/, 'must be Right: the end of a text is cut, never its start')
      .optional()
      .meta({ description: 'The end of a text is cut, never its start.' }),
  })
  .meta({ examples: [{ inputs: [['My invoice is wrong'], ['Cheap watches']] }] })

const predictions = z.array(z.strictObject({ score: z.number(), label: z.string() }))

const predictSchemas = {
  PredictRequest: predictRequest,
  PredictResponse: z.union([predictions, z.array(predictions)]).meta({
    description: 'The labels of a text, the most probable first; for a batch a list of them.',
    examples: [
      [
        { score: 0.98, label: 'ham' },
        { score: 0.02, label: 'spam' },
      ],
    ],
  }),
  PredictError: z.strictObject({ error: z.string(), error_type: z.string() }),
}

const meanings = {
  400: 'The request is malformed.',
  401: 'A valid API key is needed.',
  403: 'The API key lacks the scope read; or the request came from another site.',
  408: 'The body did not arrive in time.',
  413: 'The body or a text is too large, or there are too many texts.',
  415: 'The content type, or the Content-Encoding, is not supported.',
  422: 'A text is invalid, or the model cannot classify it.',
  424: 'The model failed.',
  429: 'Overloaded; see Retry-After.',
  500: 'A defect in Winnow.',
  503: 'No model is loaded.',
  504: 'The request was not answered in time.',
} as const

const postPredict: RouteConfig = {
  method: 'post',
  path: '/predict',
  summary: 'text-embeddings-inference: classify texts',
  description: 'The model that serves answers, with all labels of each text.',
  tags: ['protocols'],
  security: [{ bearer: ['read'] }],
  parameters: [contentEncodingParameter],
  request: { body: { required: true, content: jsonContent('PredictRequest') } },
  responses: {
    200: { description: 'The labels by score.', content: jsonContent('PredictResponse') },
    ...Object.fromEntries(
      Object.entries(meanings).map(([status, description]) => [
        status,
        { description, content: jsonContent('PredictError') },
      ]),
    ),
  },
}
