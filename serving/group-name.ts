// Names consumer groups. Two stacks on one broker must never share a group, so the name contains
// the topic prefix and the database where they are not the defaults.
import { configSchema, type Config } from '../configs/schema.ts'
import { parseModelRef } from '../models/store/model-ref.ts'
import { stageNames, type StageRange } from '../streams/stage-chain.ts'

type Named = Pick<Config, 'stream' | 'topics' | 'clickhouse'>

/** `validate..infer`, or the name of a single stage. */
export function rangeText({ first, last }: StageRange): string {
  return first === last ? first : `${first}..${last}`
}

/**
 * The group of a stage range, or of the labels without one: `winnow.validate..infer`,
 * `winnow.validate..infer@team-a.`, `winnow.labels@team-a./reports`. Every model of a topic must
 * see all events, so a model other than the configured ones has a group of its own. So has each
 * input: `winnow.validate..infer:orders`.
 */
export function defaultGroup(
  config: Named,
  of:
    | {
        range: StageRange
        models: readonly string[]
        configured: readonly string[]
        input?: InputGroup
      }
    | 'labels',
): string {
  const prefix = config.stream.group
  if (of === 'labels') return `${prefix}.labels${scopeOf(config)}`
  const { range, models, configured, input } = of
  const [name] = models.map((ref) => parseModelRef(ref).name)
  const isConfigured = configured.some((ref) => parseModelRef(ref).name === name)
  const isOther = input?.namesModel === true || !isConfigured
  const ofModel = range.last === 'infer' && isOther ? `.${name}` : ''
  const ofInput = input === undefined ? '' : `:${input.topic}`
  return `${prefix}.${rangeText(range)}${ofModel}${ofInput}${scopeOf(config)}`
}

/** The input of a group, and whether the input says which models classify it. */
export type InputGroup = { readonly topic: string; readonly namesModel: boolean }

/**
 * The name that a default group had before Winnow 0.2, if it was another one. There were no inputs
 * then; without its scope, the group of an input belongs to another stack.
 */
export function formerGroup(config: Named, group: string): string | undefined {
  const scope = scopeOf(config)
  const named = group.slice(config.stream.group.length)
  const hasOther = scope !== '' && group.endsWith(scope) && !ofInput.test(named)
  return hasOther ? group.slice(0, -scope.length) : undefined
}

/** A group of an input: its topic follows a colon, before the scope. */
const ofInput = /^[^@]*:/

const anyStage = `(?:${stageNames.join('|')})`
/** The stages at the start of a default group's name; model, input or scope may follow. */
const stagesAhead = new RegExp(`^(${anyStage}(?:\\.\\.${anyStage})?)(?:\\.[^.]|[:@]|$)`)

/**
 * The stages in a group's name, or what stands in their place; empty for the bare prefix.
 */
export function stagesOf(config: Named, group: string): string {
  const named = group.slice(config.stream.group.length + 1)
  return stagesAhead.exec(named)?.[1] ?? named
}

/** Whether a group's name has the form of a default one and belongs to another stack. */
export function isOfOtherStack(config: Named, group: string): boolean {
  const named = group.slice(config.stream.group.length + 1)
  const at = named.indexOf('@')
  const scope = at < 0 ? '' : named.slice(at)
  // Two stacks may consume one topic of another system.
  return stagesAhead.test(named) && (at >= 0 || ofInput.test(named)) && scope !== scopeOf(config)
}

const defaults = configSchema.parse({})

/** `@PREFIX/DATABASE`, each where it is not the default. */
function scopeOf({ topics, clickhouse }: Named): string {
  const isOwnDatabase = clickhouse.database !== defaults.clickhouse.database
  if (!isOwnDatabase && topics.prefix === defaults.topics.prefix) return ''
  return `@${topics.prefix}${isOwnDatabase ? `/${clickhouse.database}` : ''}`
}
