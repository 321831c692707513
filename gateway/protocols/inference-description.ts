// The descriptions of the routes of /v2 for /openapi.json, and the schemas of their answers.
// inference.ts has the handlers.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { contentEncodingParameter, jsonContent, schemaRef } from '../http/route.ts'
import { inferenceRequest } from './inference-request.ts'
import { headerLengthName } from './tensor-bytes.ts'

const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

const tensor = z.strictObject({
  name: z.string(),
  datatype: z.enum(['BYTES', 'FP32']),
  shape: z.array(z.int()),
  parameters: parameters.optional(),
  data: z.array(z.union([z.string(), z.number()])).optional(),
})

const described = z.strictObject({
  name: z.string(),
  datatype: z.enum(['BYTES', 'FP32']),
  shape: z.array(z.int()).meta({ description: '-1 is any size.' }),
})

/** The schemas of requests and answers. */
export const inferenceSchemas = {
  InferenceRequest: inferenceRequest,
  InferenceResponse: z
    .strictObject({
      model_name: z.string(),
      model_version: z.string(),
      id: z.string().optional(),
      outputs: z.array(tensor),
    })
    .meta({
      examples: [
        {
          model_name: 'mail',
          model_version: '1',
          id: '42',
          outputs: [
            { name: 'label', datatype: 'BYTES', shape: [1], data: ['ham'] },
            { name: 'probabilities', datatype: 'FP32', shape: [1, 2], data: [0.75, 0.25] },
          ],
        },
      ],
    }),
  InferenceServer: z.strictObject({
    name: z.string(),
    version: z.string(),
    extensions: z.array(z.string()),
  }),
  InferenceModel: z.strictObject({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: z.array(described),
    outputs: z.array(described),
    properties: z
      .record(z.string(), z.string())
      .meta({ description: 'labels: a JSON array, in the order of the probabilities.' }),
  }),
  InferenceLive: z.strictObject({ live: z.boolean() }),
  InferenceReady: z.strictObject({ ready: z.boolean() }),
  InferenceModelReady: z.strictObject({ name: z.string(), ready: z.boolean() }),
  InferenceError: z.strictObject({ error: z.string() }),
}

const meanings = {
  400: 'The request is malformed, or asks for tensors that the model does not have.',
  401: 'A valid API key is needed.',
  403: 'The API key lacks the scope read; or the request came from another site.',
  404: 'There is no such model, or no such version of it.',
  408: 'The body did not arrive in time.',
  413: 'The body is too large, or holds too many texts.',
  415: 'The content type, or the Content-Encoding, is not supported.',
  422: 'A text is invalid, or the model cannot classify it.',
  500: 'A defect in Winnow, or a damaged model version.',
  503: 'Overloaded, or no model is loaded; see Retry-After.',
  504: 'The request was not answered in time.',
} as const

function refusals(statuses: readonly (keyof typeof meanings)[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: meanings[status], content: jsonContent('InferenceError') },
    ]),
  )
}

const name = {
  name: 'name',
  in: 'path' as const,
  required: true,
  schema: { type: 'string' as const },
  description: 'The name of a model. Without a version, the one that serves, or the champion.',
}

const version = {
  name: 'version',
  in: 'path' as const,
  required: true,
  schema: { type: 'string' as const },
  description: 'A number, or `champion`.',
}

const security = [{ bearer: ['read'] }]
const tags = ['protocols']

/** The same route with a version in its path. */
export function ofVersion(route: RouteConfig & { path: string }): RouteConfig {
  const { parameters: [first, ...others] = [] } = route as { parameters?: object[] }
  return {
    ...route,
    path: route.path.replace('{name}', '{name}/versions/{version}'),
    summary: `${route.summary ?? ''} of one version`,
    parameters: [first!, version, ...others] as NonNullable<RouteConfig['parameters']>,
  }
}

export const getServer: RouteConfig = {
  method: 'get',
  path: '/v2',
  summary: 'Open Inference Protocol: the server',
  tags,
  security,
  responses: {
    200: { description: 'The server.', content: jsonContent('InferenceServer') },
    ...refusals([401, 403, 500]),
  },
}

export const getLive: RouteConfig = {
  method: 'get',
  path: '/v2/health/live',
  summary: 'Open Inference Protocol: whether the process answers',
  tags,
  responses: {
    200: { description: 'It answers.', content: jsonContent('InferenceLive') },
    ...refusals([403]),
  },
}

export const getReady: RouteConfig = {
  method: 'get',
  path: '/v2/health/ready',
  summary: 'Open Inference Protocol: whether models can be asked',
  description: 'Kafka and ClickHouse do not matter here; see /readyz.',
  tags,
  responses: {
    200: { description: 'They can.', content: jsonContent('InferenceReady') },
    ...refusals([403, 503]),
  },
}

export const getModel: RouteConfig & { path: string } = {
  method: 'get',
  path: '/v2/models/{name}',
  summary: 'Open Inference Protocol: the tensors of a model',
  tags,
  security,
  parameters: [name],
  responses: {
    200: { description: 'The model.', content: jsonContent('InferenceModel') },
    ...refusals([401, 403, 404, 500, 503, 504]),
  },
}

export const getModelReady: RouteConfig & { path: string } = {
  method: 'get',
  path: '/v2/models/{name}/ready',
  summary: 'Open Inference Protocol: whether there is a model',
  description: 'A version that is not open yet is ready too: the first request opens it.',
  tags,
  security,
  parameters: [name],
  responses: {
    200: { description: 'There is.', content: jsonContent('InferenceModelReady') },
    ...refusals([401, 403, 404, 500, 503, 504]),
  },
}

export const postInfer: RouteConfig & { path: string } = {
  method: 'post',
  path: '/v2/models/{name}/infer',
  summary: 'Open Inference Protocol: classify texts',
  description:
    'Takes one BYTES tensor of texts. The outputs are `label`, `score`, `probabilities` and ' +
    `\`logits\`. Tensors may be binary: they follow the JSON, whose length ${headerLengthName} gives.`,
  tags,
  security,
  parameters: [
    name,
    {
      name: headerLengthName,
      in: 'header',
      schema: { type: 'integer' },
      description: 'The length of the JSON, if binary tensors follow it.',
    },
    contentEncodingParameter,
  ],
  request: {
    body: {
      required: true,
      content: {
        'application/json': { schema: schemaRef('InferenceRequest') },
        'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
      },
    },
  },
  responses: {
    200: {
      description: 'One row for each text.',
      content: {
        'application/json': { schema: schemaRef('InferenceResponse') },
        'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
      },
    },
    ...refusals([400, 401, 403, 404, 408, 413, 415, 422, 500, 503, 504]),
  },
}
