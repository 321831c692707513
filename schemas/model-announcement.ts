// The record on winnow.models: the whole state of a model, since compaction keeps only the last
// record per name. models/store/release-state.ts makes one state from another.
import type { AvroType } from './avro-type.ts'

/** Avro schema of winnow.models; the key is the model's name. */
export const modelAnnouncementAvro = {
  type: 'record',
  name: 'ModelAnnouncement',
  namespace: 'winnow',
  doc: 'The state of one model after a publication, a promotion or another change.',
  fields: [
    { name: 'name', type: 'string', doc: 'Name of the model.' },
    {
      name: 'kind',
      type: 'string',
      doc: 'What happened: published, promoted, rolled-back, challenged or shadowed; there may be more.',
    },
    { name: 'version', type: 'string', doc: 'The version that it happened to.' },
    {
      name: 'champion',
      type: ['null', 'string'],
      default: null,
      doc: 'The version that serves from now on; null when none was ever promoted.',
    },
    {
      name: 'previous',
      type: { type: 'array', items: 'string' },
      default: [],
      doc: 'Earlier champions, the latest last: what a rollback goes back to.',
    },
    {
      name: 'versions',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'ReleasedVersion',
          namespace: 'winnow',
          doc: 'Where the files of a version are, and their hashes.',
          fields: [
            { name: 'version', type: 'string', doc: 'Its number.' },
            {
              name: 'url',
              type: 'string',
              doc: 'Its folder in the artifact store, ending in a slash.',
            },
            { name: 'manifestSha256', type: 'string', doc: 'SHA-256 of manifest.json.' },
            { name: 'graphSha256', type: 'string', doc: 'SHA-256 of model.onnx.' },
            { name: 'tokenizerSha256', type: 'string', doc: 'SHA-256 of tokenizer.json.' },
            {
              name: 'labelsSha256',
              type: 'string',
              doc: 'SHA-256 of the labels in order, as a JSON array.',
            },
          ],
        },
      },
      default: [],
      doc: 'Each version named above, and those that play a part beside the champion.',
    },
    {
      name: 'challenger',
      type: [
        'null',
        {
          type: 'record',
          name: 'Challenger',
          namespace: 'winnow',
          doc: 'A version that answers for a part of the events.',
          fields: [
            { name: 'version', type: 'string', doc: 'Its number.' },
            { name: 'percent', type: 'double', doc: 'Share of the events, above 0 to 100.' },
          ],
        },
      ],
      default: null,
      doc: 'The version that answers for a part of the events in place of the champion.',
    },
    {
      name: 'shadow',
      type: [
        'null',
        {
          type: 'record',
          name: 'Shadow',
          namespace: 'winnow',
          doc: 'A version that classifies a part of the events and answers for none.',
          fields: [
            { name: 'version', type: 'string', doc: 'Its number.' },
            { name: 'percent', type: 'double', doc: 'Share of the events, above 0 to 100.' },
          ],
        },
      ],
      default: null,
      doc: 'The version that classifies a part of the events once more, for comparison only.',
    },
    {
      name: 'promotedAtMs',
      type: ['null', 'long'],
      default: null,
      doc: 'When the champion was promoted, epoch milliseconds; null where a rollback made it so.',
    },
    { name: 'by', type: 'string', doc: 'Who asked: user and host, or the API key of a request.' },
    { name: 'reason', type: 'string', default: '', doc: 'Why, in the words of who asked.' },
    { name: 'atMs', type: 'long', doc: 'When, epoch milliseconds.' },
  ],
} as const

/** The state of one model, as a record of winnow.models. */
export type ModelAnnouncement = AvroType<typeof modelAnnouncementAvro>

/** Where the files of a version are, and their hashes. */
export type ReleasedVersion = ModelAnnouncement['versions'][number]

/** A version with a role beside the champion, and its share of the events in percent. */
export type SecondaryVersion = { readonly version: string; readonly percent: number }

/** The roles that a version can have beside the champion. */
export type SecondaryRole = 'challenger' | 'shadow'

/** What can happen to a model. */
export type ReleaseKind = 'published' | 'promoted' | 'rolled-back' | 'challenged' | 'shadowed'
