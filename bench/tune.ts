// Question: are the samplers of `winnow tune` as good as Optuna's? Both suggest trials for standard
// functions and tables of real trainings, on the same seeds and noise. Prints a table with the
// median and the quartiles of the best value after each budget; RESULTS.md keeps it.
//
// A study's best trial is the one with the best value that was seen; with noise, its value without
// the noise counts.
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chooseSampler, type SamplerName } from '../trainers/tuning/samplers/choose-sampler.ts'
import type { ObservedTrial } from '../trainers/tuning/samplers/sampler.ts'
import { openOptuna, type Optuna } from './tuning/optuna.ts'
import { problems, type Problem } from './tuning/problems.ts'
import { budgets, comparisonText, type StudyResult } from './tuning/comparison.ts'

// --results keeps what was measured, so that a run in pieces of --minutes goes on where it ended.
const usage =
  'node bench/tune.ts [--seeds 20] [--python PYTHON [--auto-sampler DIR]] [--problem NAME]...\n' +
  '  [--sampler NAME]... [--rival NAME]... [--trials 100] [--results FILE.jsonl] [--minutes MINUTES]'
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    python: { type: 'string' },
    'auto-sampler': { type: 'string' },
    problem: { type: 'string', multiple: true },
    sampler: { type: 'string', multiple: true, default: ['auto', 'gp', 'tpe'] },
    rival: { type: 'string', multiple: true, default: ['auto', 'gp', 'tpe'] },
    trials: { type: 'string', default: String(Math.max(...budgets)) },
    results: { type: 'string' },
    minutes: { type: 'string', default: 'Infinity' },
    help: { type: 'boolean' },
  },
})
const trialsMax = Number(values.trials)
if (values.help) console.log(usage)
else await run()

type Study = Pick<StudyResult, 'problem' | 'side' | 'sampler' | 'seed'>

async function run(): Promise<void> {
  const endsMs = performance.now() + Number(values.minutes) * 60_000
  const chosen = problems().filter(({ name }) => values.problem?.includes(name) ?? true)
  const results = readResults()
  const needed = budgets.filter((budget) => budget <= trialsMax).length
  const known = new Set(results.filter(({ bests }) => bests.length >= needed).map(keyOf))
  let optuna: Optuna | undefined
  for (const problem of chosen) {
    for (const study of studiesOf(problem)) {
      if (known.has(keyOf(study))) continue
      if (performance.now() > endsMs) break
      if (study.side === 'optuna') {
        optuna ??= await openOptuna(values.python!, values['auto-sampler'])
      }
      const result = await runStudy(problem, study, optuna)
      results.push(result)
      if (values.results !== undefined) {
        appendFileSync(values.results, `${JSON.stringify(result)}\n`)
      }
    }
  }
  await optuna?.close()
  console.log(comparisonText(chosen, results))
}

function keyOf({ problem, side, sampler, seed }: Study): string {
  return [problem, side, sampler, seed].join('/')
}

function readResults(): StudyResult[] {
  if (values.results === undefined || !existsSync(values.results)) return []
  return readFileSync(values.results, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StudyResult)
}

/** The studies of a problem; ours and the rival's take turns. */
function studiesOf({ name: problem }: Problem): Study[] {
  const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1)
  const hasAuto = values['auto-sampler'] !== undefined
  const rivals = values.rival.filter((sampler) => sampler !== 'auto' || hasAuto)
  return seeds.flatMap((seed) => [
    ...values.sampler.map((sampler) => ({ problem, side: 'winnow', sampler, seed }) as const),
    ...(values.python === undefined ? [] : rivals).map(
      (sampler) => ({ problem, side: 'optuna', sampler, seed }) as const,
    ),
  ])
}

async function runStudy(
  problem: Problem,
  study: Study,
  optuna: Optuna | undefined,
): Promise<StudyResult> {
  const { side, sampler, seed } = study
  const asked = side === 'winnow' ? ownTrials(problem, study) : rivalTrials(problem, study, optuna!)
  let lowest = Infinity
  let best = Infinity
  let cpuSeconds = 0
  const bests: number[] = []
  for (let number = 0; number < trialsMax; number++) {
    const suggested = await asked.next()
    const exact = problem.evaluate(suggested.parameters)
    const value = exact + problem.noise({ seed, number })
    if (value < lowest) [lowest, best] = [value, exact]
    if (budgets.some((budget) => budget === number + 1)) bests.push(best)
    ;({ cpuSeconds } = suggested)
    asked.told(value)
  }
  return { problem: problem.name, side, sampler, seed, bests, cpuSeconds }
}

type Asked = {
  readonly next: () => ReturnType<Optuna['next']>
  readonly told: (value: number) => void
}

function ownTrials({ space }: Problem, { sampler, seed }: Study): Asked {
  const suggest = chooseSampler(sampler as SamplerName)
  const trials: ObservedTrial[] = []
  let spent = 0
  let parameters = {}
  return {
    next() {
      const began = process.cpuUsage()
      parameters = suggest({ space, trials, seed, number: trials.length })
      const { user, system } = process.cpuUsage(began)
      spent += (user + system) / 1e6
      return Promise.resolve({ parameters, cpuSeconds: spent })
    },
    told(loss) {
      trials.push({ number: trials.length, state: 'complete', parameters, loss })
    },
  }
}

function rivalTrials({ space }: Problem, { sampler, seed }: Study, optuna: Optuna): Asked {
  let value: number | undefined
  return {
    next: () => (value === undefined ? optuna.begin({ sampler, seed, space }) : optuna.next(value)),
    told: (loss) => (value = loss),
  }
}
