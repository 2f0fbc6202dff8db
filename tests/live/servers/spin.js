// Burns the CPU in burnScript, called by callsBurn, for so many milliseconds; and makes so many functions meanwhile, so that
// what the runtime writes of burnScript does not stay in its buffer.
function burnScript(count) {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.sqrt(i) % 7;
  return sum;
}

function callsBurn(end, functions) {
  let sum = 0;
  while (Date.now() < end) {
    sum += burnScript(100000);
    if (functions-- > 0) sum += new Function('a', `return a + ${functions}`)(1);
  }
  return sum;
}

callsBurn(Date.now() + Number(process.argv[2]), Number(process.argv[3] || 0));
