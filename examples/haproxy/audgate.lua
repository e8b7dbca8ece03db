-- Asks audgate about a request, once and with its whole body: lua.audgate KEY, with the key of the server in audgate's
-- registry. On audgate's yes txn.audgate_allows holds the key; otherwise the answer is sent here, or by haproxy.cfg.

-- Milliseconds, above all that haproxy.cfg gives audgate: so it is never asked twice.
local TIMEOUT = 10000

-- Of the client's headers, what audgate reads: these, and all of MCP's. Every value, so that two are seen as two.
local HANDED_ON = {
  ["authorization"] = true,
  ["client-cert"] = true,
  ["content-type"] = true,
  ["content-encoding"] = true,
  ["dpop"] = true,
  ["traceparent"] = true,
  ["x-request-id"] = true,
}
-- Of a refusal, what a client needs.
local REFUSAL = { "www-authenticate", "dpop-nonce", "content-type", "cache-control", "retry-after" }
local REFUSED = { [400] = true, [401] = true, [403] = true }
-- Of an allow, what the server learns.
local IDENTITY = {
  "x-audgate-issuer",
  "x-audgate-subject",
  "x-audgate-client-id",
  "x-audgate-scopes",
  "x-audgate-actor",
  "x-audgate-server",
  "x-audgate-decision-id",
  "x-audgate-valid-until",
  "x-audgate-identity",
}

local function answer(txn, status, headers, body)
  local reply = txn:reply()
  reply:set_status(status)
  for _, header in ipairs(headers) do
    reply:add_header(header[1], header[2])
  end
  reply:set_body(body)
  txn:done(reply)
end

local function unavailable(txn, why)
  txn:Alert("audgate could not be asked: " .. why .. "\n")
  answer(txn, 503, { { "retry-after", "5" }, { "content-type", "text/plain" } }, "unavailable\n")
end

-- Lua numbers the values of a header from 0, HAProxy's client from 1.
local function values_of(header)
  local values = {}
  for at = 0, #header do
    values[at + 1] = header[at]
  end
  return values
end

local function first(headers, name)
  local header = headers[name]
  return header and header[0] or ""
end

core.register_action("audgate", { "http-req" }, function(txn, key)
  local sent = txn.http:req_get_headers()
  local headers = {
    ["host"] = { "localhost" },
    ["x-original-method"] = { txn.f:method() },
    ["x-original-uri"] = { txn.f:pathq() },
    ["x-audgate-client-ip"] = { txn.f:src() },
  }
  for name, header in pairs(sent) do
    if HANDED_ON[name] or name:sub(1, 4) == "mcp-" then
      headers[name] = values_of(header)
    end
  end
  local body = txn.f:req_body() or ""
  local announced = sent["content-length"]
  if announced then
    headers["x-original-content-length"] = values_of(announced)
  end

  local ask = txn:get_var("proc.audgate_ask")
  if not ask then
    return unavailable(txn, "haproxy.cfg sets no proc.audgate_ask")
  end
  local response = core.httpclient():post({
    -- Its host is not looked up: `dst` says where.
    url = "http://127.0.0.1/v1/gateways/haproxy/" .. key,
    headers = headers,
    body = body,
    dst = ask,
    timeout = TIMEOUT,
  })
  if not response or not response.headers then
    return unavailable(txn, "no answer")
  end
  local decision = first(response.headers, "x-audgate-decision-id")
  local decided = decision ~= ""
  if response.status == 200 and decided and first(response.headers, "x-audgate-server") == key then
    for _, name in ipairs(IDENTITY) do
      txn.http:req_set_header(name, first(response.headers, name))
    end
    txn:set_var("txn.audgate_decision_id", decision)
    -- The nonce of the client's next proof (RFC 9449 §8.2), which haproxy.cfg adds to the server's response.
    local nonce = first(response.headers, "dpop-nonce")
    if nonce ~= "" then
      txn:set_var("txn.audgate_dpop_nonce", nonce)
    end
    txn:set_var("txn.audgate_allows", key)
  elseif REFUSED[response.status] and decided then
    txn:set_var("txn.audgate_decision_id", decision)
    local refusal = {}
    for _, name in ipairs(REFUSAL) do
      for _, value in ipairs(values_of(response.headers[name] or {})) do
        refusal[#refusal + 1] = { name, value }
      end
    end
    answer(txn, response.status, refusal, response.body or "")
  else
    unavailable(txn, "it answered " .. tostring(response.status) .. ", which is no decision of audgate's")
  end
end, 1)
