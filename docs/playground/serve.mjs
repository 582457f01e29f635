/** Serves dist/ on this machine. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' }

/** @returns {Promise<{ url: string, close: () => void }>} */
export function serve(port = 0) {
  const server = createServer(async ({ url }, response) => {
    const name = new URL(url, 'http://here').pathname.replace(/\/$/, '/index.html')
    try {
      const bytes = await readFile(fileURLToPath(new URL(`dist${name}`, import.meta.url)))
      response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' }).end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  })
  return new Promise(resolve => {
    server.listen(port, '127.0.0.1', () =>
      resolve({ url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() }),
    )
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await serve(Number(process.env.PORT ?? 8080))).url)
