// `winnow models compare`: compares two versions of a model on events that both classified.
import type { Command } from 'commander'
import { compareVersions, type VersionComparison } from '../../infra/readers/version-comparison.ts'
import { parseModelRef } from '../../models/store/model-ref.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { findVersion } from '../../serving/publishing.ts'
import { openPatientAnalytics } from '../../serving/patience.ts'
import { addCommand, wholeNumber } from '../shared-options.ts'
import { countText, logLine, tableText } from '../terminal.ts'

/** Adds `models compare` to `models`. */
export function addCompareCommand(models: Command): void {
  addCommand(models, {
    name: 'compare <a> <b>',
    summary: 'compare two versions on events of the stream',
    description:
      'Compares two versions of one model on the events that both classified, one of them as a shadow:\n' +
      'how often they agree, which labels change into which, and, where labels are known (from people or\n' +
      "with the events), the accuracy of each and McNemar's test. A challenger and the champion answer\n" +
      'different events, so each is shown with the accuracy on its own. The views version_* have the\n' +
      'same figures for SQL.',
    examples: [
      'winnow models compare mail@champion mail@3',
      'winnow models compare mail@2 mail@3 --json',
      'winnow query "SELECT * FROM version_flips WHERE model = \'mail\'"',
    ],
  })
    .option('--flips <rows>', 'maximum number of label changes shown', wholeNumber(1), 10)
    .action(async (a: string, b: string, options: SharedOptions & { flips: number }) => {
      const context = await openContext(options)
      const { config, terminal } = context
      const [first, second] = [await resolve(a, context), await resolve(b, context)]
      if (first.name !== second.name) {
        const message = `${a} and ${b} are versions of different models; compare versions of one model.`
        throw new WinnowError('usage', message)
      }
      const pair = { model: first.name, a: first.version, b: second.version }
      if (pair.a === pair.b) {
        throw new WinnowError(
          'usage',
          `${a} and ${b} are the same version, ${pair.model}@${pair.a}; name two versions.`,
        )
      }
      const analytics = openPatientAnalytics(config.clickhouse, { log: logLine })
      try {
        const found = await compareVersions(analytics, pair, { flipsMax: options.flips })
        const refs = { a: `${pair.model}@${pair.a}`, b: `${pair.model}@${pair.b}` }
        say(terminal, refs, found)
        terminal.document({ ...refs, ...found })
      } finally {
        await analytics.close()
      }
    })
}

/** A named version need not be in any store; a champion is looked up. */
async function resolve(ref: string, { config, terminal, paths }: CommandContext) {
  const parsed = parseModelRef(ref)
  if (parsed.kind === 'version') return { name: parsed.name, version: parsed.version }
  return findVersion({ ref, config, storeDir: paths.store, log: (line) => terminal.say(line) })
}

function say(
  terminal: CommandContext['terminal'],
  { a, b }: { a: string; b: string },
  found: VersionComparison,
): void {
  const { events, agreement, flips, judged, alone } = found
  if (agreement === null) {
    terminal.say(
      `no event was classified by both ${a} and ${b}; to begin, run \`winnow models shadow ${b} --percent 100\``,
    )
  } else {
    terminal.say(
      `${counted(events, 'event')} classified by both: the same label on ${percent(agreement)}`,
    )
  }
  if (flips.length > 0) {
    const rows = flips.map((flip) => [flip.a, flip.b, flip.events])
    terminal.say()
    terminal.say(tableText([a, b, 'events'], rows))
  }
  if (judged !== null) {
    const { labelled, accuracyA, accuracyB, onlyARight, onlyBRight, pValue } = judged
    terminal.say()
    terminal.say(
      `${countText(labelled)} of them with a known label: ${a} is right on ${percent(accuracyA)}, ` +
        `${b} on ${percent(accuracyB)}`,
    )
    terminal.say(
      `only ${a} is right on ${countText(onlyARight)}, only ${b} on ${countText(onlyBRight)}; ` +
        `McNemar p = ${pValue < 0.001 ? pValue.toExponential(1) : pValue.toFixed(3)}`,
    )
  }
  if (alone.length > 0) {
    const rows = alone.map((one) => [one.version, one.role, one.labelled, percent(one.accuracy)])
    terminal.say()
    terminal.say(tableText(['version', 'as', 'known labels', 'right'], rows))
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}
