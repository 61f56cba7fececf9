-- Asks the portal's door about a call, for haproxy.cfg. As /etc/haproxy/alter.lua.
-- PORTAL and ALTER_GATEWAY come from the environment: where the portal is, and the secret by which it knows this HAProxy.

local portal, secret = os.getenv("PORTAL") or "http://127.0.0.1:8000", os.getenv("ALTER_GATEWAY") or ""
local TIMEOUT = 30000 -- milliseconds

-- What concerns the connection or a body: the question has neither of the caller's.
local NOT_ASKED_WITH = {
    ["host"] = true, ["connection"] = true, ["keep-alive"] = true, ["content-length"] = true, ["upgrade"] = true,
    ["transfer-encoding"] = true, ["te"] = true, ["trailer"] = true, ["expect"] = true, ["proxy-connection"] = true,
}
-- What the door says of a key: to the service, to the caller, or both.
local KEPT = {
    ["x-alter-key-id"] = "key_id", ["x-alter-key-prefix"] = "key_prefix", ["x-alter-app-id"] = "app_id",
    ["x-alter-agent-id"] = "agent_id", ["x-alter-scopes"] = "scopes", ["x-alter-key-deprecated"] = "key_deprecated",
    ["x-request-id"] = "request_id", ["x-ratelimit-limit"] = "limit", ["x-ratelimit-remaining"] = "remaining",
    ["x-ratelimit-reset"] = "reset", ["deprecation"] = "since", ["sunset"] = "sunset",
}

-- The headers of the question: the caller's, and what this HAProxy knows.
local function headers_of(txn)
    local asked = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if not NOT_ASKED_WITH[name] then
            asked[name] = {}
            for place = 0, #values do
                asked[name][place + 1] = values[place]
            end
        end
    end
    asked["x-original-method"] = { txn.f:method() }
    asked["x-original-uri"] = { txn.f:url() }
    asked["x-alter-gateway"] = { secret }
    asked["x-forwarded-for"] = { txn.f:src() }
    return asked
end

local function refuse(txn, status, headers, body)
    local reply = txn:reply({ status = status, body = body })
    for name, value in pairs(headers) do
        reply:add_header(name, value)
    end
    txn:done(reply)
end

local function ask_the_door(txn, query)
    local told = core.httpclient():get({
        url = portal .. "/verify?" .. query, headers = headers_of(txn), timeout = TIMEOUT,
    })
    local status, headers = told and told.status or 0, {}
    for name, values in pairs(told and told.headers or {}) do
        headers[name] = values[0]
        if KEPT[name] then
            txn:set_var("txn.alter_" .. KEPT[name], values[0])
        end
    end
    if status == 200 then
        return
    end
    local is_fault = (headers["x-refusal-code"] or ""):find("^gateway_")
    if status < 400 or status >= 500 or is_fault then
        refuse(txn, 503, { ["content-type"] = "application/json" },
            '{"error":"unavailable","message":"The call could not be checked."}')
    end
    for _, name in ipairs({ "content-length", "connection", "transfer-encoding", "date", "server" }) do
        headers[name] = nil
    end
    refuse(txn, status, headers, told.body)
end

core.register_action("ask_the_door", { "http-req" }, ask_the_door, 1)
