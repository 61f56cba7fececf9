-- Sends requests whose heads are lines of a file, in turn, and prints what came of it as one line of JSON.
-- A line has a request's headers, separated by tabs. Arguments: the file.

local requests, turn = {}, 0

function init(arguments)
    for line in io.lines(arguments[1]) do
        local headers = {}
        for header in string.gmatch(line, "[^\t]+") do
            local name, value = string.match(header, "^([^:]+): (.*)$")
            headers[name] = value
        end
        requests[#requests + 1] = wrk.format("GET", nil, headers)
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\n{"calls": %d, "us": %d, "p50": %d, "p99": %d, "refused": %d, "broken": %d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
