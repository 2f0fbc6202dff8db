<?php
// What an application answers: the status that the path's last part names, a body of as many bytes as ?bytes= says.
$path = explode('?', $_SERVER['REQUEST_URI'])[0];
$status = intval(basename($path));
http_response_code($status >= 200 && $status < 600 ? $status : 200);
if ($status == 302) header('Location: /php/elsewhere');
$input = file_get_contents('php://input');
echo str_repeat('x', intval($_GET['bytes'] ?? 10)), strlen($input), "\n";
