// `winnow tune`: searches the settings of a training method and trains the best ones on all
// training data. Options are tune-options.ts, the search is library/tune.ts.
import type { Command } from 'commander'
import { recordTrainingRun, recordTuneRun } from '../../library/training-row.ts'
import { tuneIn, type TuneProgress, type TunedStudy } from '../../library/tune.ts'
import { ruleLines } from '../../trainers/data/rule-report.ts'
import { renderReportText } from '../../trainers/report/report-text.ts'
import type { BestTrial } from '../../trainers/tuning/study-document.ts'
import { openContext } from '../command-context.ts'
import { addCommand } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { durationText, type Terminal } from '../terminal.ts'
import { trainProgressText } from './training-progress.ts'
import { frontText } from './tune-document.ts'
import { addTuneOptions, askedStudy, type TuneOptions } from './tune-options.ts'
import { runningText, trialText } from './tune-progress.ts'

/** Adds `tune` to the program. */
export function addTuneCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'tune',
    summary: 'search the best settings and train a model with them',
    description:
      'Tries settings of a training method on held-out parts of the training texts, and trains\n' +
      'the best ones on all of them as a new version of the model NAME. The first trial has the\n' +
      'default recipe, so the winner is never worse by the chosen metric. The same data and seed give\n' +
      'the same trials, also when the tune was killed and resumed. With two metrics, the winner is\n' +
      'the best by the first one; publish another trial of the front with --publish-trial.',
    examples: [
      'winnow tune --data tickets.jsonl --name tickets --trials 30',
      'winnow tune --data tickets.jsonl --name tickets --method partial --time 30m',
      'winnow tune --data tickets.jsonl --name tickets --time 10m --metric log_loss',
      'winnow tune --data tickets.jsonl --name tickets --space space.yaml --sampler random',
      'winnow tune --data tickets.jsonl --name tickets --method full --pruner hyperband',
      'winnow tune --data tickets.jsonl --name tickets --metric macro_f1 --metric ms_per_text',
      'winnow tune --data tickets.jsonl --name tickets --method full --executor kafka',
      'winnow tune --resume 20260131T120501-tickets-1f9c2e',
      'winnow tune --resume 20260131T120501-tickets-1f9c2e --publish-trial 7',
    ],
  })
  addTuneOptions(command).action(async (given: TuneOptions) => {
    const context = await openContext(given)
    const { terminal } = context
    const asked = await askedStudy(command, given, context)
    const onProgress = progressOn(terminal)
    const tuned = await untilStopped((signal) => tuneIn(context, asked, { signal, onProgress }))
    terminal.progressDone()
    const { trained, study, report } = tuned
    for (const line of ruleLines(trained.dataManifest.train)) terminal.say(line)
    terminal.say(renderReportText(trained.metrics, terminal.style))
    terminal.say()
    sayFront(terminal, tuned)
    terminal.say(
      `${terminal.style('bold', trained.model)} from trial ${study.publishedTrial} of ` +
        `${study.trials.length} in ${durationText(study.seconds * 1_000)}: ${trained.modelDir}`,
    )
    terminal.say(`report: ${report}`)
    terminal.say(`report of the model: ${trained.modelDir}/report.html`)
    await recordTrainingRun(context, trained)
    await recordTuneRun(context, { run: study.run, name: asked.options.name, trained })
    terminal.document({ ...trained, ...study, report })
  })
}

/** The trials to choose from, if there are two objectives. */
function sayFront(terminal: Terminal, { study, space }: TunedStudy): void {
  const { best, objectives } = study
  if (objectives === undefined || !Array.isArray(best)) return
  terminal.say()
  terminal.say(`No trial is better in both ${objectives.join(' and ')} than one of these:`)
  terminal.say(frontText(best as readonly BestTrial[], { objectives, space }))
  terminal.say(`To publish another one: winnow tune --resume ${study.run} --publish-trial NUMBER`)
}

/** Shows what a tune tells: a line per trial that has ended, and the one under way. */
function progressOn(terminal: Terminal): (progress: TuneProgress) => void {
  const trainText = trainProgressText()
  let running = ''
  return (progress) => {
    switch (progress.kind) {
      case 'continuing':
        terminal.say(`continuing ${progress.run}`)
        break
      case 'trial-began':
        running = runningText(progress.trial, progress.study)
        terminal.progress(running)
        break
      case 'trial-ended':
        terminal.say(trialText(progress.trial, progress.study))
        break
      case 'winner-began': {
        const { trial } = progress
        running = trial === undefined ? 'training the winner' : `training trial ${trial}`
        break
      }
      case 'training':
        terminal.progress(`${running}: ${trainText(progress.training)}`)
        break
      default:
        terminal.progress(trainText(progress))
    }
  }
}
