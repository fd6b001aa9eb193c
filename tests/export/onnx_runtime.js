// SPDX-License-Identifier: MIT
// An exported ONNX model run by onnxruntime on the rows of a table, against what colonnade predict says of them:
//   NODE_PATH=.../node_modules node onnx_runtime.js MODEL.onnx MODEL.json TABLE.csv PREDICTIONS.csv
// TABLE: cells without quotes; "" and "?" are missing.  MODEL.json, the other export, says which columns are numbers.  Prints the
// greatest difference; exit code 1 where it is above 1e-6 or a prediction differs further than that from the threshold.
'use strict';
const fs = require('fs');
const ort = require('onnxruntime-node');
const MOST = 1e-6;
const CHUNK = 4096;

function readTable(path) {
  const lines = fs.readFileSync(path, 'utf8').split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  const names = lines[0].split(',');
  return { names, rows: lines.slice(1).map((line) => line.split(',')) };
}

function isMissing(cell) { return cell === '' || cell === '?'; }

function feed(session, columns, table, begin, end) {
  const inputs = {};
  for (const name of session.inputNames) {
    const at = table.names.indexOf(name);
    const cells = table.rows.slice(begin, end).map((row) => row[at]);
    inputs[name] = columns.get(name) === 'numeric'
      ? new ort.Tensor('float32', Float32Array.from(cells, (c) => (isMissing(c) ? NaN : Number(c))), [end - begin, 1])
      : new ort.Tensor('string', cells.map((c) => (isMissing(c) ? '' : c)), [end - begin, 1]);
  }
  return inputs;
}

async function main() {
  const [model, json, tablePath, predictionsPath] = process.argv.slice(2);
  const described = JSON.parse(fs.readFileSync(json, 'utf8'));
  const columns = new Map(described.columns.map((c) => [c.name, c.type]));
  const table = readTable(tablePath);
  const wanted = readTable(predictionsPath);
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  let most = 0;
  let wrong = 0;
  for (let begin = 0; begin < table.rows.length; begin += CHUNK) {
    const end = Math.min(begin + CHUNK, table.rows.length);
    const { probability, prediction } = await session.run(feed(session, columns, table, begin, end));
    for (let i = begin; i < end; i++) {
      const p = Number(wanted.rows[i][0]);
      const difference = Math.abs(probability.data[i - begin] - p);
      if (!(difference <= most)) most = difference;
      if (prediction.data[i - begin] !== wanted.rows[i][1] && Math.abs(p - described.threshold) > MOST) wrong++;
    }
  }
  console.log(`${table.rows.length} rows, greatest difference ${most.toExponential(2)}, ${wrong} other predictions`);
  process.exitCode = most <= MOST && wrong === 0 ? 0 : 1;
}

main();
