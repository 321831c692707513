// How files that are not on this machine's disk are reached: standard input, and buckets with the
// credentials and limits of the section `store`. trainers/files/ reads what they hold.
import type { Config } from '../configs/schema.ts'
import type { FileAccess } from '../trainers/files/file-set.ts'

/** The access by a configuration. A bucket is opened when an address names it. */
export function fileAccess({ store }: Pick<Config, 'store'>): FileAccess {
  return {
    stdin: () => process.stdin,
    async openBucket(bucket) {
      const { openS3Objects } = await import('../infra/store/s3-objects.ts')
      return openS3Objects({ ...store, bucket, prefix: '' })
    },
  }
}
