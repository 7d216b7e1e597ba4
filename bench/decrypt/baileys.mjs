// Baileys, which checks nothing. `node baileys.mjs LIST ORIGIN OUT COUNT AT_ONCE` in a folder where it is installed;
// same protocol as src/main.rs. Its public function takes a key and any URL.
import { createWriteStream, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const require = createRequire(join(process.cwd(), 'package.json'))
const { downloadContentFromMessage } = require('baileys')

const [list, origin, out, count, atOnce] = process.argv.slice(2)
const files = JSON.parse(readFileSync(list))
let next = 0
let bytes = 0

async function work() {
  while (next < Number(count)) {
    const at = next++
    const { name, media_key: key } = files[at % files.length]
    const message = { mediaKey: Buffer.from(key), url: `${origin}/${name}` }
    const file = createWriteStream(join(out, String(at)))
    await pipeline(await downloadContentFromMessage(message, 'video'), file)
    bytes += file.bytesWritten
  }
}

console.log('ready')
await once(process.stdin, 'data')
await Promise.all(Array.from({ length: Number(atOnce) }, work))
console.log(JSON.stringify({ bytes }))
await once(process.stdin.resume(), 'end')
process.exit()
