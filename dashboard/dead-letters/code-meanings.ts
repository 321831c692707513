// What the codes of dead letters mean, in a few words. docs/dead-letters.md has the whole story.

const meanings: Readonly<Record<string, string>> = {
  value_null: 'the record is empty',
  batch_corrupt: 'the broker stored a damaged batch',
  record_too_large: 'the record is larger than the limit',
  avro_undecodable: 'the bytes do not match their Avro schema',
  protobuf_undecodable: 'the value is no Protobuf message of its schema',
  schema_unknown: 'the registry does not know the schema',
  schema_mismatch: 'the schema lacks what an event needs',
  utf8_invalid: 'the bytes are no UTF-8',
  json_invalid: 'the value is no valid JSON',
  event_not_object: 'the value is no JSON object',
  field_missing: 'a field is missing',
  path_missing: 'a path of the mapping leads nowhere',
  csv_invalid: 'the value is not one CSV row of its input',
  field_type: 'a field has the wrong type',
  field_unknown: 'a field is not known',
  field_too_long: 'a field is too long',
  text_empty: 'there is no text to see',
  text_too_long: 'the text is longer than the limit',
  text_unpaired_surrogate: 'the text holds half a character',
  time_invalid: 'the time cannot be read',
  time_future: 'the time is in the future',
  time_past: 'the time is too old',
  duplicate_id: 'the id was used before',
  label_unknown: 'no model has this label',
  output_invalid: 'the model gave no valid answer',
}

/** The meaning; empty for a code that this page does not know. */
export function codeMeaning(code: string): string {
  return meanings[code] ?? ''
}
