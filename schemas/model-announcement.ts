// What is said about a model on winnow.models: its whole state, since compaction keeps only the last
// record of a name. How one state follows from another is models/release-state.ts.
import type { AvroType } from './avro-type.ts'

/** Avro schema of winnow.models; the key is the model's name. */
export const modelAnnouncementAvro = {
  type: 'record',
  name: 'ModelAnnouncement',
  namespace: 'winnow',
  doc: 'The state of one model after a publication, a promotion or a rollback.',
  fields: [
    { name: 'name', type: 'string', doc: 'Name of the model.' },
    {
      name: 'kind',
      type: 'string',
      doc: 'What happened: published, promoted or rolled-back; readers skip kinds they do not know.',
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
          doc: 'Where a version lies and what it must be.',
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
      doc: 'Each version named above.',
    },
    { name: 'by', type: 'string', doc: 'Who asked: user and host, or the API key of a request.' },
    { name: 'reason', type: 'string', default: '', doc: 'Why, in the words of who asked.' },
    { name: 'atMs', type: 'long', doc: 'When, epoch milliseconds.' },
  ],
} as const

/** The state of one model, as a record of winnow.models. */
export type ModelAnnouncement = AvroType<typeof modelAnnouncementAvro>

/** Where a version lies and what it must be. */
export type ReleasedVersion = ModelAnnouncement['versions'][number]

/** What can happen to a model. */
export type ReleaseKind = 'published' | 'promoted' | 'rolled-back'
