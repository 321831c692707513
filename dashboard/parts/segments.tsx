// A choice of one among few, all of them visible.

/** A row of buttons of which one is pressed. */
export function Segments<Key extends string>(props: {
  label: string
  choices: readonly { readonly key: Key; readonly name: string }[]
  chosen: Key
  onChoose: (key: Key) => void
}) {
  return (
    <div class="segments" role="group" aria-label={props.label}>
      {props.choices.map(({ key, name }) => (
        <button
          key={key}
          type="button"
          aria-pressed={key === props.chosen}
          onClick={() => {
            props.onChoose(key)
          }}
        >
          {name}
        </button>
      ))}
    </div>
  )
}

/** A drop-down with its name. */
export function Choice(props: {
  label: string
  value: string
  choices: readonly { readonly value: string; readonly name: string }[]
  onChoose: (value: string) => void
}) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <select
        value={props.value}
        onChange={(event) => {
          props.onChoose(event.currentTarget.value)
        }}
      >
        {props.choices.map(({ value, name }) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
