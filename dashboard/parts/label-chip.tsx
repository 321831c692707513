// A label with its colour, everywhere the same.
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { colourVariable, coloursMax } from '../format/label-colours.ts'

/** The place of each label in the palette. */
export const LabelColours = createContext<ReadonlyMap<string, number>>(new Map())

/** The colour of a label as a CSS value. */
export function useLabelColour(): (label: string) => string {
  const places = useContext(LabelColours)
  return (label) => `var(${colourVariable(places.get(label) ?? coloursMax)})`
}

/** The name of a label as people read it. */
export function labelName(label: string): string {
  return label === 'winnow.none' ? 'none of the labels' : label
}

/** A label with a dot of its colour. */
export function LabelChip({ label, score }: { label: string; score?: string }) {
  const colour = useLabelColour()
  return (
    <span class="chip">
      <i style={{ background: colour(label) }} />
      <span class="chip-name">{labelName(label)}</span>
      {score !== undefined && <span class="chip-score">{score}</span>}
    </span>
  )
}
