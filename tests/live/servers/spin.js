// Burns the CPU in burnScript, called by callsBurn, for so many milliseconds.
function burnScript(count) {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.sqrt(i) % 7;
  return sum;
}

function callsBurn(end) {
  let sum = 0;
  while (Date.now() < end) sum += burnScript(100000);
  return sum;
}

callsBurn(Date.now() + Number(process.argv[2]));
