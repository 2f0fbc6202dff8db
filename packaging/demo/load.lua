-- What the demo's customers do: a mix of routes, a few of which do not exist.
local function order() return "/orders/" .. math.random(1, 550) end

local mix = {
    order, order, order, order,
    function() return "/search?q=" .. math.random(1, 500) end,
    function() return "/about" end,
    function() return "/recommendations" end,
    function() return "/wp-login.php" end,
}

function request()
    local n = math.random(1, 400)
    if n == 1 then return wrk.format("GET", "/reports/daily") end
    if n <= 40 then return wrk.format("POST", "/checkout", {["Content-Type"] = "application/json"}, '{"card":"4111111111111111"}') end
    return wrk.format("GET", mix[n % #mix + 1]())
end

local rate = tonumber(os.getenv("FOOTFALL_DEMO_RATE"))

-- Milliseconds until a connection's next request: 16 connections share the rate.
if rate then
    function delay() return math.random(0, 2 * 16 * 1000 / rate) end
end
