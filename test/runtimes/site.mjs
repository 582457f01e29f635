/** Serves a folder on this machine, with the content security policy given. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript' }

/** @returns {Promise<{ url: string, close: () => void }>} */
export function serve(folder, policy) {
  const server = createServer(async ({ url }, response) => {
    const name = new URL(url, 'http://here').pathname
    try {
      const bytes = await readFile(join(folder, name))
      const headers = { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' }
      response.writeHead(200, { ...headers, ...(policy && { 'content-security-policy': policy }) }).end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      resolve({ url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() })
    })
  })
}
