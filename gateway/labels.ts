// POST /v1/labels: what people say that events are. All labels of a request are checked, then all are
// published; body forms and limits are those of POST /v1/events.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { Config } from '../configs/schema.ts'
import { labelJson } from '../schemas/label.ts'
import { bodyFormat, bodyValues, type BodyValue } from './event-body.ts'
import { shapeDefects, surrogateDefects, timeDefects, type EventDefect } from './event-check.ts'
import type { LabelPublisher, PublishedLabel } from './ports.ts'
import { itemsInvalid, type ItemError } from './problem.ts'
import { addRoute, addSchemas, jsonContent, problems, schemaRef } from './route.ts'
import type { Gateway, RouteContext } from './route.ts'

/** Adds POST /v1/labels. */
export function addLabelRoutes(
  app: Gateway,
  context: RouteContext & {
    readonly config: Pick<Config, 'gateway' | 'limits'>
    labels: LabelPublisher
  },
): void {
  const { config, labels, clock } = context
  addSchemas(app, { Label: labelExample, AcceptedLabels: acceptedLabels })
  const route = { ...postLabels, middleware: [context.authorize('ingest'), context.admit] }
  addRoute(app, route, async (c) => {
    const work = c.get('work')
    const format = bodyFormat({
      contentType: c.req.header('content-type'),
      contentEncoding: c.req.header('content-encoding'),
    })
    const values = bodyValues(await work.body(), {
      ...{ format, valuesMax: config.gateway.batchEventsMax },
    })
    const nowMs = clock()
    // Without a time of its own, a label is of the moment when it was accepted here.
    const checked = checkLabels(values, { limits: config.limits, nowMs }).map((label) => ({
      ...label,
      time: label.time ?? nowMs,
    }))
    await work.run(() => labels.publish(checked, { traceparent: c.get('traceparent') }))
    return c.json({ accepted: checked.length }, 202)
  })
}

function checkLabels(
  values: readonly BodyValue[],
  options: { readonly limits: Config['limits']; readonly nowMs: number },
): PublishedLabel[] {
  const labels: PublishedLabel[] = []
  const errors: ItemError[] = []
  for (const [index, value] of values.entries()) {
    if (value.kind === 'unreadable') {
      errors.push({ index, ...value.error })
      continue
    }
    const check = checkLabel(value.value, options)
    if ('id' in check) labels.push(check)
    else errors.push(...check.map((defect) => ({ index, ...defect })))
  }
  if (errors.length === 0) return labels
  const consequence = 'nothing was published'
  throw itemsInvalid(errors, { total: values.length, noun: 'labels', consequence })
}

function checkLabel(
  value: unknown,
  options: { readonly limits: Config['limits']; readonly nowMs: number },
): PublishedLabel | EventDefect[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ code: 'event_not_object', message: 'a label must be a JSON object' }]
  }
  const parsed = labelJson.safeParse(value)
  if (!parsed.success) {
    return parsed.error.issues.flatMap((issue) => shapeDefects(issue, value, 'a label'))
  }
  const { id, label, by, time } = parsed.data
  const defects = [
    ...timeDefects(time ?? undefined, options),
    ...surrogateDefects([
      ['id', id],
      ['label', label ?? undefined],
      ['by', by ?? undefined],
    ]),
  ]
  if (defects.length > 0) return defects
  const at = typeof time === 'number' ? Math.trunc(time) : time
  return { id, label, ...(by != null && { by }), ...(at != null && { time: at }) }
}

const labelExample = labelJson.meta({
  examples: [{ id: '0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1', label: 'refund', by: 'ann' }],
})
const acceptedLabels = z.strictObject({ accepted: z.int() }).meta({ examples: [{ accepted: 1 }] })
const label = schemaRef('Label')
const postLabels: RouteConfig = {
  method: 'post',
  path: '/v1/labels',
  summary: 'Say what events are',
  description:
    'Human labels for event ids: one, an array, or NDJSON. The latest word of a person counts; a null ' +
    'label takes it back. 202 is sent once the broker has acknowledged all of them; repeating a ' +
    'request changes nothing.',
  tags: ['labels'],
  security: [{ bearer: ['ingest'] }],
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: { oneOf: [label, { type: 'array', minItems: 1, items: label }] },
          examples: {
            one: { value: { id: 'a-1', label: 'refund', by: 'ann' } },
            array: {
              value: [
                { id: 'a-1', label: 'refund' },
                { id: 'a-2', label: null },
              ],
            },
          },
        },
        'application/x-ndjson': {
          schema: { type: 'string', description: 'One JSON label a line.' },
          example: '{"id":"a-1","label":"refund"}\n',
        },
      },
    },
  },
  responses: {
    202: {
      description: 'The broker has acknowledged all labels.',
      content: jsonContent('AcceptedLabels'),
    },
    ...problems([400, 401, 403, 413, 415, 422, 500, 502, 503, 504]),
  },
}
