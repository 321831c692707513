// `winnow report`: writes the report of a run of train, cv or tune from its record, or a page that
// compares two runs. The pages are trainers/run-reports/.
import { resolve } from 'node:path'
import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { WinnowError } from '../../schemas/errors.ts'
import { comparisonPage } from '../../trainers/run-reports/comparison-page.ts'
import { reportFile, runPage, writePage } from '../../trainers/run-reports/run-page.ts'
import { findRun, readableRun, readRuns } from '../../trainers/tracking/run-store.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { checkWritable } from '../option-checks.ts'
import { addCommand } from '../shared-options.ts'

type Options = SharedOptions & { out?: string }

/** Adds `report` to the program. */
export function addReportCommand(program: Command): void {
  addCommand(program, {
    name: 'report <run> [other]',
    summary: 'write the report of a run, or compare two runs',
    description:
      'Writes the report of a run of train, cv or tune as one HTML page without scripts or other files,\n' +
      'and prints its path: report.html in the folder of the run. With two runs, the page compares the\n' +
      'second with the first: scores with intervals, labels, settings and data, and for two runs of\n' +
      '`winnow cv` on the same folds the corrected paired t test. RUN is the name of a run, or its start\n' +
      'where no other run starts like it; `winnow runs list` lists them.',
    examples: [
      'winnow report 20260131T120501-tickets-1f9c2e',
      'winnow report 20260131T1205 --out tickets.html',
      'winnow report 20260131T120501-cv-1f9c2e 20260131T121733-cv-9ab03d',
    ],
  })
    .option('--out <file>', 'write the page to this file')
    .action(async (name: string, other: string | undefined, options: Options) => {
      const { terminal, paths } = await openContext(options)
      if (options.out !== undefined) await checkWritable(options.out, '--out')
      const all = await readRuns(paths.store)
      const first = readableRun(findRun(all, name))
      const second = other === undefined ? undefined : readableRun(findRun(all, other))
      if (first.run === second?.run) {
        throw new WinnowError('usage', `Both are the run ${first.run}; name two runs.`)
      }
      const html =
        second === undefined
          ? await runPage(paths.store, first)
          : await comparisonPage(paths.store, { first, second })
      const file = second === undefined ? reportFile : `against-${first.run}.html`
      const path = await written(html, { out: options.out, dir: (second ?? first).dir, file })
      terminal.say(`report: ${path}`)
      terminal.document({ run: first.run, comparedWith: second?.run, report: path })
    })
}

async function written(
  html: string,
  { out, dir, file }: { out: string | undefined; dir: string; file: string },
): Promise<string> {
  if (out === undefined) return writePage(dir, { file, html })
  await writeFile(out, html)
  return resolve(out)
}
