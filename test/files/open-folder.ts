// A folder with its source and sink, as main.ts puts them together.
import { type FolderOptions, ManifestFolder } from '../../src/files/folder.ts'
import { createFolderSink } from '../../src/files/sink.ts'
import { FolderSource } from '../../src/files/source.ts'

export function openFolder(options: FolderOptions) {
  const folder = new ManifestFolder(options)
  return { folder, source: new FolderSource(folder, options), sink: createFolderSink(folder, options.log) }
}
