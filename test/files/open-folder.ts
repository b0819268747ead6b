// A folder with its source and sink, as main.ts puts them together.
import { loadAll } from 'js-yaml'
import type { KubeObject } from '../../src/domain/kube-object.ts'
import { type FolderOptions, ManifestFolder } from '../../src/files/folder.ts'
import { createFolderSink } from '../../src/files/sink.ts'
import { FolderSource } from '../../src/files/source.ts'

export function openFolder(options: Omit<FolderOptions, 'parse'>) {
  const folder = new ManifestFolder({ ...options, parse })
  return { folder, source: new FolderSource(folder, options), sink: createFolderSink(folder, options.log) }
}

function parse(text: string, file: string) {
  try {
    const documents = loadAll(text) as KubeObject[]
    return { documents: documents.map((object) => ({ object, line: 1 })), problems: [] }
  } catch (error) {
    return { documents: [], problems: [{ file, line: 1, message: String(error) }] }
  }
}
