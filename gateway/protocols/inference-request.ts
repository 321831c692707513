// What an inference request of the Open Inference Protocol asks for: its texts, and which tensors
// to answer with, as JSON or binary. inference.ts answers it.
import { invalidBody } from '../bodies/event-body.ts'
import { z } from 'zod'
import type { Work } from '../../models/runtime/sliced-work.ts'
import type { WinnowError } from '../../schemas/errors.ts'
import { parseBody } from '../http/json-request.ts'
import { textsLimit, type TextsConfig } from '../online/online-request.ts'
import { readTexts, splitBody } from './tensor-bytes.ts'

/** The tensors that every model gives. */
export const outputNames = ['label', 'score', 'probabilities', 'logits'] as const
export type OutputName = (typeof outputNames)[number]

/** A tensor to answer with. */
export type RequestedOutput = {
  readonly name: OutputName
  readonly isBinary: boolean
  /** How many of the highest values to give as `value:index:label`; undefined for the values. */
  readonly classes: number | undefined
}

export type InferenceRequest = {
  readonly id: string | undefined
  readonly texts: readonly string[]
  readonly outputs: readonly RequestedOutput[]
}

/** Parses a body. Throws `body_invalid` and `batch_too_large`. */
export function* parseInference(
  body: Uint8Array,
  options: { readonly headerLength: string | undefined; readonly config: TextsConfig },
): Work<InferenceRequest> {
  const { json, tensors } = splitBody(body, options.headerLength)
  const limit = textsLimit(options.config)
  const request = yield* parseBody(json, inferenceRequest, limit)
  const { id, inputs, parameters = {} } = request
  const [input, ...more] = inputs
  if (input === undefined || more.length > 0) {
    throw invalidBody(
      `The model takes one input, a BYTES tensor of texts; the request has ${inputs.length}`,
      'inputs',
    )
  }
  // Before the texts are read: a tensor of 8 MB may have two million of them.
  if (input.shape[0]! > options.config.gateway.classifyTextsMax) throw limit.tooMany()
  const texts = yield* textsOf(input, tensors)
  const isBinary = parameters['binary_data_output'] === true
  const outputs =
    request.outputs === undefined || request.outputs.length === 0
      ? outputNames.map((name) => ({ name, isBinary, classes: undefined }))
      : request.outputs.map((output) => requestedOutput(output, isBinary))
  const names = outputs.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw invalidBody(`The output ${twice} is requested twice`, 'outputs')
  return { id, texts, outputs }
}

type Input = z.output<typeof inferenceRequest>['inputs'][number]

function* textsOf(input: Input, tensors: Buffer): Work<string[]> {
  const { name, datatype, shape, data, parameters = {} } = input
  const wrong = (rule: string): WinnowError => invalidBody(`The input ${name} ${rule}`, 'inputs')
  if (datatype !== 'BYTES') {
    throw wrong(`has the datatype ${datatype}; the model takes BYTES, texts in UTF-8`)
  }
  if (Object.keys(parameters).some((parameter) => parameter.startsWith('shared_memory'))) {
    throw wrong('is in shared memory; send it as data, or as binary data')
  }
  const contentType = parameters['content_type'] ?? 'str'
  if (contentType !== 'str') throw wrong(`has the content_type ${contentType}; send str`)
  const count = shape[0]!
  if (shape.length > 2 || (shape[1] ?? 1) !== 1 || count < 1) {
    throw wrong(`has the shape [${shape.join(', ')}]; send [n] or [n, 1], with n of at least 1`)
  }
  const size = parameters['binary_data_size']
  if (size === undefined) {
    if (tensors.length > 0) throw wrong('has no binary_data_size, but the body has binary data')
    return textsOfJson(data, count, wrong)
  }
  if (data !== undefined) throw wrong('has data and binary_data_size; send one of them')
  if (size !== tensors.length) {
    throw wrong(`has the binary_data_size ${size}, but ${tensors.length} bytes follow the JSON`)
  }
  return yield* readTexts(tensors, count)
}

function textsOfJson(
  data: Input['data'],
  count: number,
  wrong: (rule: string) => WinnowError,
): string[] {
  if (data === undefined) throw wrong('has no data')
  const texts = data.flat()
  const other = texts.findIndex((text) => typeof text !== 'string')
  if (other >= 0) throw wrong(`must hold strings; data has ${kindOf(texts[other])} at ${other}`)
  if (texts.length !== count) {
    throw wrong(`has ${texts.length} elements; its shape needs ${count}`)
  }
  return texts as string[]
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array of more than two dimensions' : `a ${typeof value}`
}

type Output = NonNullable<z.output<typeof inferenceRequest>['outputs']>[number]

function requestedOutput({ name, parameters = {} }: Output, isBinary: boolean): RequestedOutput {
  const known = outputNames.find((one) => one === name)
  if (known === undefined) {
    const names = outputNames.join(', ')
    throw invalidBody(`The model has no output ${name}; it has ${names}`, 'outputs')
  }
  if (Object.keys(parameters).some((parameter) => parameter.startsWith('shared_memory'))) {
    throw invalidBody(`The output ${name} cannot be written to shared memory`, 'outputs')
  }
  const { binary_data: binary, classification: classes } = parameters
  if (classes === undefined) return { name: known, isBinary: binaryOf(binary, isBinary), classes }
  if (typeof classes !== 'number' || !Number.isInteger(classes) || classes < 1) {
    throw invalidBody(`classification of the output ${name} must be a whole number`, 'outputs')
  }
  if (known === 'label' || known === 'score') {
    const message = `The output ${name} has one value; ask for the classification of probabilities`
    throw invalidBody(message, 'outputs')
  }
  return { name: known, isBinary: binaryOf(binary, isBinary), classes }
}

function binaryOf(given: string | number | boolean | undefined, otherwise: boolean): boolean {
  return given === undefined ? otherwise : given === true
}

const parameters = z
  .record(z.string().max(256), z.union([z.string(), z.number(), z.boolean()]))
  .meta({ description: 'Unknown parameters are ignored.' })

const element = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** The JSON of an inference request. */
export const inferenceRequest = z
  .strictObject({
    id: z.string().max(1_024).optional().meta({ description: 'Returned with the answer.' }),
    model_name: z.string().optional().meta({ description: 'Ignored: the path names the model.' }),
    model_version: z.string().optional().meta({ description: 'Ignored, as model_name.' }),
    parameters: parameters.optional().meta({
      description: 'binary_data_output: whether the outputs are binary unless they say otherwise.',
    }),
    inputs: z
      .array(
        z.strictObject({
          name: z.string().max(256).meta({ description: 'Any name, since there is one input.' }),
          shape: z.array(z.int().min(0)).min(1).meta({ description: '[n] or [n, 1].' }),
          datatype: z.string().max(64).meta({ description: 'BYTES.' }),
          parameters: parameters.optional().meta({
            description: 'binary_data_size: the bytes of the tensor behind the JSON.',
          }),
          data: z
            .array(z.union([element, z.array(z.union([element, z.array(z.unknown())]))]))
            .optional()
            .meta({ description: 'The texts, flat or nested as in the shape.' }),
        }),
      )
      .meta({ description: 'Exactly one.' }),
    outputs: z
      .array(
        z.strictObject({
          name: z
            .string()
            .max(256)
            .meta({ description: outputNames.join(', ') }),
          parameters: parameters.optional().meta({
            description:
              'binary_data: whether the tensor follows the JSON. classification: how many of the ' +
              'highest values to give as `value:index:label`.',
          }),
        }),
      )
      .optional()
      .meta({ description: 'The tensors to answer with; all when absent.' }),
  })
  .meta({
    examples: [
      {
        id: '42',
        inputs: [{ name: 'text', shape: [1], datatype: 'BYTES', data: ['My invoice is wrong'] }],
        outputs: [{ name: 'label' }, { name: 'probabilities' }],
      },
    ],
  })
