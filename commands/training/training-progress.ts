// The text of the progress line of training. The terminal decides when to show it.
import { counted } from '../../schemas/counted.ts'
import type { EmbeddingProgress } from '../../trainers/embeddings/embed-texts.ts'
import type { TrainEncoderProgress } from '../../trainers/encoder/train-encoder.ts'
import type { TrainHeadProgress } from '../../trainers/head/train-head.ts'
import { candidateName } from '../../trainers/selection/candidate.ts'
import type { SelectionProgress } from '../../trainers/selection/select-method.ts'
import type { TrainProgress } from '../../library/train.ts'
import { downloadProgressText } from '../base-pull.ts'
import { readingText } from '../labelled-texts.ts'
import { countText, durationText } from '../terminal.ts'
import { joinedParts, timeLeftText } from '../work-rate.ts'

const barWidth = 20

/** Creates the text of the progress line of everything that leads to a trained model. */
export function trainProgressText(): (progress: TrainProgress) => string {
  const downloadText = downloadProgressText()
  return (progress) => {
    switch (progress.kind) {
      case 'reading':
        return readingText(progress)
      case 'download':
        return downloadText(progress)
      case 'measuring':
        return 'measuring the speed of training'
      case 'comparing':
        return comparingText(progress)
      case 'quantising':
        return `quantising: ${countText(progress.done)} of ${counted(progress.total, 'layer')}`
      case 'classifying':
        return `comparing int8 with fp32: ${countText(progress.done)} of ${counted(progress.total, 'text')}`
      case 'chosen':
        return `chosen: ${candidateName(progress.selection.chosen)}`
      default:
        return trainingProgressText(progress)
    }
  }
}

/** The candidate under way, the time that is left of all, and how far its training is. */
function comparingText(progress: SelectionProgress): string {
  const { number, candidates, candidate, fold, folds, secondsLeft, training } = progress
  const name = candidateName({ method: candidate.method, base: candidate.base.name })
  const place = fold === undefined ? name : `${name}, fold ${fold} of ${folds}`
  const left = durationText(1_000 * Math.max(0, Math.round(secondsLeft)))
  const text = trainingProgressText(training)
  return `candidate ${number} of ${candidates} (${place}), ${left} left in all: ${text}`
}

/** One line on the progress of training. */
export function trainingProgressText(progress: TrainHeadProgress | TrainEncoderProgress): string {
  switch (progress.kind) {
    case 'embedding':
      return embeddingText(progress, `embedding ${progress.part}`)
    case 'fitting':
      return joinedParts(
        `${barText(progress.share)} training the head: fit ${progress.fit} of at most ` +
          `${progress.fits} (C = ${progress.inverseRegularisation})`,
        `${progress.stepsPerSecond.toFixed(1)} steps per second`,
        timeLeftText(progress.secondsLeft),
      )
    case 'engine':
      return `training on ${progress.runtime}`
    case 'freezing':
      return `computing frozen layers: ${countText(progress.done)} of ${countText(progress.total)} texts`
    case 'step':
      return (
        `${barText(progress.step / progress.steps)} epoch ${progress.epoch}, ` +
        `step ${countText(progress.step)} of ${countText(progress.steps)}: ` +
        `loss ${progress.loss.toFixed(3)}, ${countText(progress.tokensPerSecond)} tokens per second, ` +
        `${durationText(progress.secondsLeft * 1_000)} left`
      )
    case 'epoch':
      return (
        `epoch ${progress.epoch}: loss ${progress.trainLoss.toFixed(3)}, validation macro-F1 ` +
        (progress.macroF1 * 100).toFixed(1)
      )
    case 'reporting':
      return 'measuring the model for its report'
    case 'publishing':
      return 'writing the model and comparing it with the trainer'
  }
}

/** The progress of embedding; cached texts take no time. */
export function embeddingText(progress: EmbeddingProgress, what: string): string {
  const { done, total, textsPerSecond } = progress
  const count = `${what}: ${countText(done)} of ${counted(total, 'text')}`
  if (done === total || textsPerSecond <= 0) return count
  const left = timeLeftText((total - done) / textsPerSecond)
  return joinedParts(count, `${countText(textsPerSecond)} per second`, left)
}

function barText(share: number): string {
  const done = Math.round(share * barWidth)
  return `${'█'.repeat(done)}${'░'.repeat(barWidth - done)}`
}
