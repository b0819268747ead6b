import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type SilenceTag,
  silenceAuthor,
  tagAnnotations,
  taggedComment,
  tagOf,
} from '../../src/domain/silence-marker.ts'

const part = fc.oneof(
  fc.string(),
  fc.constantFrom('a', 'a/b', 'b-c', 'a]', '[roundsman a/b/c/d]', '%2F', '%'),
)
const tag: fc.Arbitrary<SilenceTag> = fc.record({
  clusterId: part,
  uid: part,
  occurrence: part,
  revision: part,
})
const text = fc.oneof(fc.string(), fc.constantFrom('[roundsman a/b/c/d]', 'x [roundsman ', ']', ''))

const found = (silence: {
  comment?: string
  annotations?: Readonly<Record<string, string>>
  createdBy?: string
}) => tagOf({ createdBy: silenceAuthor, comment: '', annotations: {}, ...silence })

it('finds exactly the tag that was written, whatever the text beside it says', () => {
  fc.assert(
    fc.property(text, tag, (comment, written) => {
      expect(found({ comment: taggedComment(comment, written) })).toEqual(written)
      expect(found({ annotations: tagAnnotations(written) })).toEqual(written)
    }),
  )
})

it('writes different tags differently', () => {
  fc.assert(
    fc.property(tag, tag, (one, other) => {
      const isSame = JSON.stringify(one) === JSON.stringify(other)
      expect(taggedComment('x', one) === taggedComment('x', other)).toBe(isSame)
    }),
  )
})

it('finds no tag in a text of a user alone', () => {
  fc.assert(
    fc.property(text, (comment) => {
      const tail = taggedComment(comment, { clusterId: 'c', uid: 'u', occurrence: 'o', revision: 'r' })
      expect(tail.indexOf('[roundsman ')).toBe(tail.length - '[roundsman c/u/o/r]'.length)
    }),
  )
})

it('takes nothing for ours that another author wrote', () => {
  const written = { clusterId: 'c', uid: 'u', occurrence: 'once', revision: '1' }
  expect(found({ comment: taggedComment('x', written), createdBy: 'li.na' })).toBeUndefined()
  expect(found({ comment: 'x [roundsman c/u]' })).toBeUndefined()
  expect(found({ comment: 'x [roundsman c/u/o/%zz]' })).toBeUndefined()
})
