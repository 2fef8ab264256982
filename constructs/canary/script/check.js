'use strict';

// Calls the address that the canary's variables name, and fails unless the answer is the
// one that they want: URL, STATUS and, when there is one, BODY. What they hold is data
// here and never code. Only Node's own modules, so that it runs on every runtime.

const https = require('node:https');

const TIMEOUT = 30_000; // milliseconds for everything
const MOST = 64 * 1024; // bytes of a body that are looked at

exports.handler = async () => {
  const { URL: url, STATUS: status, BODY: body } = process.env;
  const answer = await get(url);
  if (answer.status !== Number(status)) {
    throw new Error(`the status is ${answer.status}, want ${status}`);
  }
  if (body !== undefined && answer.body.trim() !== body) {
    throw new Error(`the body is ${JSON.stringify(answer.body.slice(0, 200))}, want ${JSON.stringify(body)}`);
  }
  return `the status is ${answer.status}`;
};

function get(url) {
  return new Promise((resolve, reject) => {
    const options = {
      agent: false, // a connection of its own, as a customer has
      headers: { 'cache-control': 'no-cache', 'user-agent': 'canary' },
      signal: AbortSignal.timeout(TIMEOUT),
    };
    const request = https.get(url, options, (response) => {
      const chunks = [];
      let size = 0;
      response.on('data', (chunk) => {
        if (size < MOST) chunks.push(chunk);
        size += chunk.length;
      });
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode, body: Buffer.concat(chunks).subarray(0, MOST).toString('utf8') });
      });
    });
    request.on('error', (error) => {
      reject(error.name === 'AbortError' ? new Error(`no answer within ${TIMEOUT / 1000} seconds`) : error);
    });
  });
}
