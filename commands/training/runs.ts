// `winnow runs`: lists, shows, compares and deletes the runs that train, cv and tune left in the
// model store. What a run's folder says is trainers/tracking/.
import { Option, type Command } from 'commander'
import { comparedRuns, matches } from '../../library/store.ts'
import { counted } from '../../schemas/counted.ts'
import { losses } from '../../trainers/cross-validation/cv-report.ts'
import { scoreTitles } from '../../trainers/tracking/run-words.ts'
import { findRun, readRuns, removeRun, runFiles } from '../../trainers/tracking/run-store.ts'
import { runKinds, type ListedRun, type RunKind } from '../../trainers/tracking/tracked-run.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { runComparisonText, runsTable, runText } from './run-text.ts'
import { addSyncCommand } from './runs-sync.ts'
import { addCommand, examplesText, wholeNumber } from '../shared-options.ts'
import { bytesText } from '../terminal.ts'

type ListOptions = SharedOptions & {
  name?: string
  kind?: RunKind
  sort?: string
  limit: number
}

const runHelp = 'RUN is the name of a run, or its start where no other run starts like it.'

/** Adds `runs` to the program. */
export function addRunsCommands(program: Command): void {
  const runs = program
    .command('runs')
    .description('runs of train, cv and tune: list, show, compare and delete them')
    .addHelpText('after', examplesText(['winnow runs list', 'winnow runs show 20260131T1205']))
  addList(runs)
  addShow(runs)
  addCompare(runs)
  addDelete(runs)
  addSyncCommand(runs)
}

function addList(runs: Command): void {
  addCommand(runs, {
    name: 'list',
    summary: 'list the runs, newest first',
    description:
      'Lists the runs in the model store with the metric that each is judged by and its 95 % interval.\n' +
      'A run that cannot be read is listed as damaged, with the reason.',
    examples: [
      'winnow runs list',
      'winnow runs list --name tickets --kind cv',
      'winnow runs list --sort macroF1 --limit 5 --json',
    ],
  })
    .option('--name <name>', 'only runs of this model, or of this `cv --name`')
    .addOption(new Option('--kind <kind>', 'only runs of one command').choices(runKinds))
    .addOption(
      new Option('--sort <metric>', 'best first by this metric, which the table shows').choices(
        Object.keys(scoreTitles),
      ),
    )
    .option('--limit <number>', 'maximum number of runs', wholeNumber(1), 20)
    .action(async (options: ListOptions) => {
      const { terminal, paths } = await openContext(options)
      const found = chosenRuns(await readRuns(paths.store), options)
      const shown = found.slice(0, options.limit)
      if (shown.length === 0) terminal.say('no runs; `winnow train`, `cv` and `tune` make them')
      else terminal.say(runsTable(shown, options.sort))
      if (shown.length < found.length) {
        terminal.say(`${counted(found.length - shown.length, 'more run')}; --limit shows them`)
      }
      terminal.document(shown.map(summaryOf))
    })
}

function addShow(runs: Command): void {
  addCommand(runs, {
    name: 'show <run>',
    summary: 'show one run',
    description:
      'Shows parameters, data, metrics, the epochs, folds or trials, and the files of a run. ' +
      runHelp,
    examples: ['winnow runs show 20260131T120501-mail-1f9c2e', 'winnow runs show 20260131 --json'],
  }).action(async (name: string, options: SharedOptions) => {
    const { terminal, paths } = await openContext(options)
    const run = findRun(await readRuns(paths.store), name)
    const files = await runFiles(run.dir)
    terminal.say(runText(run, files, terminal.style))
    terminal.document({ ...run, files })
  })
}

function addCompare(runs: Command): void {
  addCommand(runs, {
    name: 'compare <first> <second>',
    summary: 'show two runs side by side',
    description:
      'Shows the parameters that differ and the metrics with their difference (the second run less the\n' +
      'first), and says whether both had the same data. For two runs of `winnow cv` on the same folds it\n' +
      `adds the corrected paired t test, which tells a better recipe from chance. ${runHelp}`,
    examples: [
      'winnow runs compare 20260131T120501-cv-1f9c2e 20260131T121733-cv-9ab03d',
      'winnow runs compare 20260131T1205 20260131T1217 --json',
    ],
  }).action(async (firstName: string, secondName: string, options: SharedOptions) => {
    const { terminal, paths } = await openContext(options)
    const { comparison, first } = await comparedRuns(paths.store, firstName, secondName)
    const { task } = first
    terminal.say(runComparisonText(comparison, { task, style: terminal.style }))
    terminal.document(comparison)
  })
}

function addDelete(runs: Command): void {
  addCommand(runs, {
    name: 'delete <run>',
    summary: 'delete one run',
    description:
      'Deletes the folder of a run. Model versions keep all their files. A run that a version in the store\n' +
      'names, or that is unfinished, is deleted only with --force: `winnow evaluate` and the gate read the\n' +
      `data of such a run, and --resume continues an unfinished one. ${runHelp}`,
    examples: [
      'winnow runs delete 20260131T120501-cv-1f9c2e',
      'winnow runs delete 20260131 --force',
    ],
  })
    .option('--force', 'also a run that a version names, or an unfinished one')
    .action(async (name: string, options: SharedOptions & { force?: boolean }) => {
      const { terminal, paths } = await openContext(options)
      const run = findRun(await readRuns(paths.store), name)
      const { bytesFreed } = await removeRun(run, { force: options.force === true })
      terminal.say(`${run.run} deleted, ${bytesText(bytesFreed)} freed`)
      terminal.document({ run: run.run, bytesFreed, versions: run.versions })
    })
}

/** The runs that the options ask for, in their order. */
function chosenRuns(runs: readonly ListedRun[], { name, kind, sort }: ListOptions): ListedRun[] {
  const found = runs.filter((run) => matches(run, { name, kind }))
  if (sort === undefined) return found
  const sign = losses.has(sort) ? 1 : -1
  const rank = (run: ListedRun): number => {
    const value = run.state === 'damaged' ? undefined : run.metrics[sort]?.value
    return value === undefined ? Infinity : sign * value
  }
  return found
    .map((run) => ({ run, rank: rank(run) }))
    .sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank))
    .map(({ run }) => run)
}

/** A run in the list: without its steps, which `show` has. */
function summaryOf(run: ListedRun): object {
  if (run.state === 'damaged') return run
  const { steps, ...summary } = run
  return { ...summary, steps: { of: steps.of, count: steps.rows.length, best: steps.best } }
}
