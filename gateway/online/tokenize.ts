// POST /v1/tokenize: the tokens that a model reads of texts, with their places. It owns the request
// format; models/explain/text-tokens.ts finds the places.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { visiblePattern } from '../../schemas/event.ts'
import type { OnlineModels } from '../http/dependencies.ts'
import {
  addRoute,
  addSchemas,
  contentEncodingParameter,
  jsonContent,
  problems,
} from '../http/route.ts'
import { readJson } from '../http/json-request.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import {
  acceptTexts,
  modelReference,
  readyModels,
  textsLimit,
  type TextsConfig,
} from './online-request.ts'

/** Adds POST /v1/tokenize. Without models it answers 503 `model_unavailable`. */
export function addTokenizeRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: TextsConfig
    readonly models: OnlineModels | undefined
  },
): void {
  const { config } = options
  addSchemas(app, { TokenizeRequest: tokenizeRequest, TokenizeResponse: tokenizeResponse })
  const route = { ...postTokenize, middleware: [options.authorize('read'), options.admit] }
  addRoute(app, route, async (c) => {
    const models = readyModels(options.models)
    const request = await readJson(c, tokenizeRequest, textsLimit(config))
    const consequence = 'nothing was tokenized'
    const texts = await acceptTexts(c, request.texts, { config, consequence })
    const response = await c.get('work').run((signal) =>
      models.use(request.model, async (model) => {
        const results = await model.tokenize(texts, { signal })
        return { model: `${model.name}@${model.version}`, results }
      }),
    )
    return c.json(response)
  })
}

const tokenizeRequest = z
  .strictObject({
    texts: z
      .array(z.string().meta({ pattern: visiblePattern }))
      .min(1)
      .describe('At most gateway.classifyTextsMax texts.'),
    model: modelReference,
  })
  .meta({ examples: [{ texts: ['My invoice is wrong'] }] })

const token = z.strictObject({
  id: z.int(),
  text: z.string().meta({
    description: 'What stands from start to end in the given text; of a special token its name.',
  }),
  start: z.int().meta({ description: 'In UTF-16 units of the given text.' }),
  end: z.int().meta({ description: 'Exclusive. Equal to start where a token has no place.' }),
  special: z.boolean().meta({ description: 'Whether the tokenizer added it, such as `[CLS]`.' }),
})

const tokenizeResponse = z
  .strictObject({
    model: z.string().meta({ description: 'NAME@VERSION of the model whose tokenizer it is.' }),
    results: z.array(
      z.strictObject({
        tokens: z.array(token),
        truncated: z
          .boolean()
          .meta({ description: 'Whether the model reads only the start of the text.' }),
      }),
    ),
  })
  .meta({
    examples: [
      {
        model: 'mail@1',
        results: [
          {
            tokens: [
              { id: 101, text: '[CLS]', start: 0, end: 0, special: true },
              { id: 7592, text: 'Hello', start: 0, end: 5, special: false },
              { id: 102, text: '[SEP]', start: 5, end: 5, special: true },
            ],
            truncated: false,
          },
        ],
      },
    ],
  })

const postTokenize: RouteConfig = {
  method: 'post',
  path: '/v1/tokenize',
  summary: 'Show the tokens of texts',
  description:
    'Returns the tokens that a model reads of each text, with their places in the text as it was ' +
    'sent. Texts are cleaned first, as in the stream.',
  tags: ['classify'],
  security: [{ bearer: ['read'] }],
  parameters: [contentEncodingParameter],
  request: { body: { required: true, content: jsonContent('TokenizeRequest') } },
  responses: {
    200: { description: 'The tokens of each text.', content: jsonContent('TokenizeResponse') },
    ...problems([400, 401, 403, 404, 408, 413, 415, 422, 500, 503, 504]),
  },
}
