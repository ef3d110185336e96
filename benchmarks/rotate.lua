-- Sends the requests of a file in turn, without end. args: the file, one request a line as method, path, token and body
-- with tabs between; where a body is, every request gets an Idempotency-Key of its own.
local prepared, at, sent = {}, 0, 0
local stamp = string.format("%d-%d", os.time(), math.floor(os.clock() * 1e6))

function init(args)
  for line in io.lines(args[1]) do
    local method, path, token, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = { Authorization = "Bearer " .. token }
    if body == "" then
      prepared[#prepared + 1] = { wrk.format(method, path, headers) }
    else
      headers["Content-Type"] = "application/json"
      headers["Idempotency-Key"] = "@@"
      local text = wrk.format(method, path, headers, body)
      prepared[#prepared + 1] = { text:match("^(.-)@@(.*)$") }
    end
  end
end

function request()
  at = at % #prepared + 1
  local parts = prepared[at]
  if parts[2] == nil then
    return parts[1]
  end
  sent = sent + 1
  return parts[1] .. stamp .. "-" .. sent .. parts[2]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "micros": %d, "refused": %d, "broken": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
