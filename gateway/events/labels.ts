// POST /v1/labels: labels that people give to events. Checks all labels of a request, then
// publishes them; body formats and limits are those of POST /v1/events. unknown-labels.ts decides
// which labels are unknown.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { Config } from '../../configs/schema.ts'
import { labelJson } from '../../schemas/label.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { bodyFormat, cutBody } from '../bodies/event-body.ts'
import { shapeDefects, surrogateDefects, timeDefects } from './event-check.ts'
import { checkItems, itemLimits, type ItemCheck } from './item-checks.ts'
import type { KnownLabels, LabelPublisher, PublishedLabel } from '../http/dependencies.ts'
import {
  addRoute,
  addSchemas,
  contentEncodingParameter,
  jsonContent,
  problems,
  schemaRef,
} from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import { UnknownLabels } from './unknown-labels.ts'

/** Adds POST /v1/labels. */
export function addLabelRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: Pick<Config, 'gateway' | 'limits'>
    labels: LabelPublisher
    knownLabels: KnownLabels
  },
): void {
  const { config, labels, knownLabels, clock } = options
  addSchemas(app, { Label: postedLabel, AcceptedLabels: acceptedLabels })
  const middleware = [options.authorize('ingest'), options.admit]
  const route = { ...postLabels, middleware }
  addRoute(app, route, async (c) => {
    const work = c.get('work')
    const format = bodyFormat(c.req)
    const body = await work.body()
    const nowMs = clock()
    const unknown = new UnknownLabels(await work.run(knownLabels))
    const rules = { limits: config.limits, nowMs, speaker: c.get('callerName'), unknown }
    const check = (value: unknown, index: number) => checkLabel(value, { ...rules, index })
    const cut = cutBody(body, { format, ...itemLimits(config) })
    const checked = await work.steps(checkItems(cut, { noun: 'labels', check }))
    await work.run(() => labels.publish(checked, { traceparent: c.get('traceparent') }))
    const { unchecked } = unknown
    return c.json({ accepted: checked.length, ...(unchecked > 0 && { unchecked }) }, 202)
  })
}

function checkLabel(
  value: unknown,
  rules: {
    readonly limits: Config['limits']
    readonly nowMs: number
    /** The name of this API key; undefined in a gateway without keys. */
    readonly speaker: string | undefined
    readonly unknown: UnknownLabels
    readonly index: number
  },
): ItemCheck<PublishedLabel> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = 'a label must be a JSON object'
    return { kind: 'rejected', defects: [{ code: 'event_not_object', message }] }
  }
  const parsed = postedLabel.safeParse(value)
  if (!parsed.success) {
    const defects = parsed.error.issues.flatMap((issue) => shapeDefects(issue, value, 'a label'))
    return { kind: 'rejected', defects }
  }
  const { id, label, time, newLabel } = parsed.data
  const by = speakerOf(parsed.data.by ?? undefined, rules)
  const defects = [
    ...timeDefects(time ?? undefined, rules),
    ...surrogateDefects([
      ['id', id],
      ['label', label ?? undefined],
      ['by', by],
    ]),
    ...rules.unknown.defectsOf(label, newLabel === true),
  ]
  if (defects.length > 0) return { kind: 'rejected', defects }
  // A label without a time gets the time at which it was accepted.
  const at = typeof time === 'number' ? Math.trunc(time) : (time ?? rules.nowMs)
  return { kind: 'ok', item: { id, label, ...(by !== undefined && { by }), time: at } }
}

/**
 * Who gives the label: the name of the API key. A different name in the label is refused rather
 * than replaced, because the caller means to act for somebody else. Throws `forbidden`.
 */
function speakerOf(
  by: string | undefined,
  { speaker, index }: { speaker: string | undefined; index: number },
): string | undefined {
  if (speaker === undefined || by === undefined || by === speaker) return speaker ?? by
  throw new WinnowError(
    'forbidden',
    `The label at index ${index} names another person in "by" than "${speaker}", the name of this API key; leave "by" out`,
    { details: { index, by: speaker } },
  )
}

/** A label as it is posted; fields that are for the gateway alone are not published. */
const postedLabel = labelJson
  .extend({
    newLabel: z.boolean().nullish().meta({
      description: 'True accepts a label that no known model has, such as a new class.',
    }),
  })
  .meta({
    examples: [{ id: '0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1', label: 'refund', by: 'ann' }],
  })
const acceptedLabels = z
  .strictObject({
    accepted: z.int(),
    unchecked: z.int().optional().meta({
      description:
        'How many labels were accepted unchecked because no model is known; absent if none.',
    }),
  })
  .meta({ examples: [{ accepted: 1 }] })
const label = schemaRef('Label')
const postLabels: RouteConfig = {
  method: 'post',
  path: '/v1/labels',
  summary: 'Label events',
  description:
    'Labels that people give to event ids: one, an array, or NDJSON, with at most gateway.batchEventsMax labels. The latest label of a person counts; a null ' +
    'label withdraws it. A label that neither the serving model nor the newest version of a model in the ' +
    'store has is refused (`label_unknown`) unless `newLabel` is true. The response is 202 once the broker has ' +
    'acknowledged all labels; repeating a request changes nothing.',
  tags: ['labels'],
  security: [{ bearer: ['ingest'] }],
  parameters: [contentEncodingParameter],
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: {
            oneOf: [label, { type: 'array', minItems: 1, items: label }],
          },
          examples: {
            one: { value: { id: 'a-1', label: 'refund', by: 'ann' } },
            array: {
              value: [
                { id: 'a-1', label: 'refund' },
                { id: 'a-2', label: null },
                { id: 'a-3', label: 'chargeback', newLabel: true },
              ],
            },
          },
        },
        'application/x-ndjson': {
          schema: {
            type: 'string',
            description: 'One JSON label per line, such as {"id":"a-1","label":"refund"}.',
          },
        },
      },
    },
  },
  responses: {
    202: {
      description: 'The broker has acknowledged all labels.',
      content: jsonContent('AcceptedLabels'),
    },
    ...problems([400, 401, 403, 408, 413, 415, 422, 500, 502, 503, 504]),
  },
}
