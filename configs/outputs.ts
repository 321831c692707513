// The settings of `outputs`: topics of other systems that get results. Writing them is
// infra/sinks/result-outputs.ts.
import { z } from 'zod'
import { topicNames } from '../schemas/subjects.ts'

/** Most outputs of one configuration: each result may go to all of them. */
const outputsMax = 16

const topicName = z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be the name of a topic')

const output = z.strictObject({
  topic: topicName.describe('Topic that gets the results; Winnow does not create it.'),
  format: z
    .enum(['json', 'avro'])
    .default('json')
    .describe(
      'Form of the values. avro: the schema of winnow.classified, registered for this topic too.',
    ),
  value: z
    .enum(['result', 'enriched'])
    .default('result')
    .describe(
      'result: the fields of winnow.classified. enriched: the JSON value of the input, with the result in ' +
        'one more field.',
    ),
  field: z
    .string()
    .min(1)
    .max(256)
    .refine((name) => name !== '__proto__', 'must not be "__proto__"')
    .default('winnow')
    .describe(
      'Name of the field that holds the result in an enriched value; it replaces one of that name.',
    ),
  inputs: z
    .array(topicName)
    .min(1)
    .max(64)
    .optional()
    .describe(
      'Topics whose results go here; those of every input and of winnow.events when absent.',
    ),
  models: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(64)
    .optional()
    .describe('Names of models whose results go here; those of all when absent.'),
  labels: z
    .array(z.string().min(1).max(256))
    .min(1)
    .max(1_000)
    .optional()
    .describe('Only results with one of these labels; all when absent.'),
})

/** The outputs in their order. */
export const outputs = z.array(output).max(outputsMax)

/** One output with all its defaults. */
export type Output = z.output<typeof output>

/** What an output needs to know of an input. */
export type OutputSource = { readonly topic: string; readonly format: string }

type Problem = { readonly path: readonly (string | number)[]; readonly message: string }

/** What is wrong with outputs beyond the form of each setting. */
export function outputProblems(
  all: readonly Output[],
  around: {
    readonly inputs: readonly OutputSource[]
    readonly prefix: string
    readonly registry: 'none' | 'there'
  },
): Problem[] {
  const { inputs, prefix, registry } = around
  const own = new Set<string>(topicNames.map((name) => `${prefix}${name}`))
  const formats = new Map(inputs.map(({ topic, format }) => [topic, format]))
  return all.flatMap((one, at) => {
    const problems: Problem[] = []
    const add = (path: Problem['path'], message: string) =>
      problems.push({ path: [at, ...path], message })
    if (own.has(one.topic)) add(['topic'], 'it is a topic of Winnow itself')
    if (formats.has(one.topic))
      add(['topic'], 'it is an input too, so results would be classified again')
    for (const [index, topic] of (one.inputs ?? []).entries()) {
      if (formats.has(topic) || topic === `${prefix}events`) continue
      add(['inputs', index], 'it is not the topic of an input')
    }
    if (one.format === 'avro' && registry === 'none') add(['format'], 'avro needs a registry')
    if (one.value === 'enriched')
      problems.push(
        ...enrichedProblems(one, formats).map(({ path, message }) => ({
          path: [at, ...path],
          message,
        })),
      )
    return problems
  })
}

const jsonFormats: ReadonlySet<string> = new Set(['json', 'json-schema'])

function enrichedProblems(
  { format, inputs }: Output,
  formats: ReadonlyMap<string, string>,
): Problem[] {
  if (format === 'avro') {
    return [{ path: ['format'], message: 'an enriched value is JSON; set json' }]
  }
  if (inputs === undefined) {
    const message =
      'an enriched value needs them: topics of inputs with the format json or json-schema'
    return [{ path: ['inputs'], message }]
  }
  return inputs.flatMap((topic, index) => {
    const given = formats.get(topic)
    return given !== undefined && jsonFormats.has(given)
      ? []
      : [
          {
            path: ['inputs', index],
            message: 'only the formats json and json-schema can be enriched',
          },
        ]
  })
}
