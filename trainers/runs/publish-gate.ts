// The rules that a version must pass before it is published, applied to scores that were measured
// earlier. It does not measure or publish.
import type { Config } from '../../configs/schema.ts'
import type { Manifest } from '../../models/store/manifest.ts'
import type { ModelComparison } from '../evaluation/evaluate-version.ts'

/** The verdict of one rule on a version. */
export type Verdict = {
  readonly rule: 'accuracy' | 'macro-f1' | 'champion'
  readonly passed: boolean
  /** The scores that decided it, as a sentence. */
  readonly because: string
}

/** How the version compares with the current champion. */
export type ChampionCheck =
  | { readonly kind: 'no-champion' }
  | { readonly kind: 'is-champion' }
  /** The version has other labels, or there are no texts to compare on. */
  | { readonly kind: 'not-compared'; readonly why: string }
  | { readonly kind: 'compared'; readonly comparison: ModelComparison }

/** Applies every rule to a version; the result includes the rules that passed. */
export function judgeVersion(
  config: Config['publish'],
  version: { readonly metrics: Manifest['metrics']; readonly champion: ChampionCheck },
): Verdict[] {
  const { metrics, champion } = version
  return [
    atLeast('accuracy', { metrics, value: metrics['accuracy'], least: config.accuracyMin }),
    atLeast('macro-f1', { metrics, value: metrics['macroF1'], least: config.macroF1Min }),
    againstChampion(config, champion),
  ]
}

function atLeast(
  rule: 'accuracy' | 'macro-f1',
  figure: { metrics: Manifest['metrics']; value: unknown; least: number },
): Verdict {
  const { metrics, value, least } = figure
  if (typeof value !== 'number') {
    return {
      rule,
      passed: least === 0,
      because: `${rule} was not measured; at least ${least} is required`,
    }
  }
  const passed = value >= least
  const on = typeof metrics['measuredOn'] === 'string' ? ` on ${metrics['measuredOn']}` : ''
  return {
    rule,
    passed,
    because: `${rule} ${value.toFixed(4)}${on}; at least ${least} is required`,
  }
}

function againstChampion(config: Config['publish'], check: ChampionCheck): Verdict {
  const rule = 'champion'
  switch (check.kind) {
    case 'no-champion':
      return { rule, passed: true, because: 'there is no champion yet' }
    case 'is-champion':
      return { rule, passed: true, because: 'it is the champion' }
    case 'not-compared':
      return { rule, passed: config.comparison === 'when-possible', because: check.why }
    case 'compared': {
      const { difference, pValue, examples, with: other } = check.comparison
      const passed = difference >= 0 || pValue >= config.lossPValueMax
      const points = `${difference >= 0 ? '+' : ''}${(difference * 100).toFixed(2)} points`
      const because =
        `${points} against ${other} on ${examples} texts, p = ${pValue.toFixed(4)} ` +
        `(a loss below p = ${config.lossPValueMax} is refused)`
      return { rule, passed, because }
    }
  }
}
