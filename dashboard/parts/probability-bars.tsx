// The probabilities of the labels of one text.
import { percent } from '../format/numbers.ts'
import { Bars } from './bars.tsx'
import { labelName, useLabelColour } from './label-chip.tsx'

/** A bar for each label, the most probable first. */
export function ProbabilityBars(props: {
  probabilities: Readonly<Record<string, number>>
  outOfScope?: number | null
}) {
  const colour = useLabelColour()
  const ranked = Object.entries(props.probabilities).sort((a, b) => b[1] - a[1])
  const { outOfScope } = props
  return (
    <>
      <Bars
        label="Probability of each label"
        bars={ranked.map(([label, probability]) => ({
          key: label,
          name: labelName(label),
          share: probability,
          figure: percent(probability),
          colour: colour(label),
        }))}
      />
      {outOfScope !== undefined && outOfScope !== null && outOfScope > 0.5 && (
        <p class="note">
          This text is unlike those that the model learnt from ({percent(outOfScope)} out of scope).
        </p>
      )}
    </>
  )
}
