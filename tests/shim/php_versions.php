<?php

/**
 * What a PHP file holds that PHP 7.2 can not read or does not have, or that 8.4 complains of: `php php_versions.php FILE...`,
 * one finding per line.
 *
 * By PHP's own tokens, so that comments and texts do not matter. PHP_CodeSniffer's rules for this (PHPCompatibility) are no
 * package of Debian's.
 */

declare(strict_types=1);

const WORDS = [
    'fn' => 'an arrow function', 'match' => 'match', 'enum' => 'an enumeration', 'readonly' => 'readonly',
    '?->' => 'nullsafe', '??=' => '??=', '#[' => 'an attribute',
];
const LATER = [
    'array_key_first', 'array_key_last', 'is_countable', 'hrtime', 'net_get_interfaces', 'gc_status', 'password_algos',
    'mb_str_split', 'get_mangled_object_vars', 'openssl_x509_verify', 'str_contains', 'str_starts_with', 'str_ends_with',
    'get_debug_type', 'get_resource_id', 'fdiv', 'preg_last_error_msg', 'array_is_list', 'enum_exists', 'fsync', 'fdatasync',
    'json_validate', 'mb_str_pad', 'str_increment', 'array_find', 'array_any', 'array_all', 'mb_trim', 'request_parse_body',
];
const GONE = ['each', 'create_function', 'money_format', 'strftime', 'gmstrftime', 'utf8_encode', 'utf8_decode', 'curl_close'];
const TYPES_LATER = ['mixed', 'static', 'never', 'false', 'true', 'null'];
const SCALARS = ['int', 'string', 'bool', 'float', 'array', 'callable', 'iterable', 'object', 'self', 'parent'];

/** @return array<int, array{string, string, int}> kind, text, line; without what does not matter */
function tokens(string $file): array
{
    $found = [];
    $line = 1;
    foreach (token_get_all((string) file_get_contents($file)) as $token) {
        [$kind, $text, $line] = is_array($token) ? [token_name($token[0]), $token[1], $token[2]] : ['', $token, $line];
        if (!in_array($kind, ['T_WHITESPACE', 'T_COMMENT', 'T_DOC_COMMENT', 'T_INLINE_HTML'], true)) {
            $found[] = [$kind, $text, $line];
        }
    }

    return $found;
}

/** @return array<int, array{string, int}> what and where */
function findings(string $file): array
{
    $tokens = tokens($file);
    $at = static function (int $place) use ($tokens): array {
        return $tokens[$place] ?? ['', '', 0];
    };
    $found = [];
    // What each bracket that is open began with; 'parameters' for the '(' of a function's declaration.
    $open = [];
    $endedParameters = -1;
    foreach ($tokens as $place => [$kind, $text, $line]) {
        $word = strtolower($text);
        [$before, $textBefore] = $at($place - 1);
        [$after, $textAfter] = $at($place + 1);
        $isName = $before === 'T_OBJECT_OPERATOR' || $before === 'T_DOUBLE_COLON' || $before === 'T_FUNCTION'
            || $before === 'T_CONST';
        if (isset(WORDS[$word]) && $kind !== 'T_CONSTANT_ENCAPSED_STRING' && !$isName && $kind !== 'T_VARIABLE') {
            $found[] = [WORDS[$word], $line];
        }
        if ($kind === 'T_STRING' && $textAfter === '(' && in_array($word, LATER, true) && !$isName && !isGuarded($tokens, $place)) {
            $found[] = ["{$word}()", $line];
        }
        if ($text === 'E_STRICT' || ($kind === 'T_STRING' && $textAfter === '(' && in_array($word, GONE, true) && !$isName)) {
            $found[] = ["{$text}, which is going away", $line];
        }
        if ($kind === 'T_VARIABLE' && $textAfter === '=' && strtolower($at($place + 2)[1]) === 'null' && end($open) === 'parameters'
            && !in_array($textBefore, ['(', ',', '&'], true) && $at($place - 2)[1] !== '?') {
            $found[] = ['a parameter that is nullable without saying so', $line];
        }
        if (in_array($kind, ['T_PUBLIC', 'T_PROTECTED', 'T_PRIVATE'], true)) {
            $next = $after === 'T_STATIC' ? $place + 2 : $place + 1;
            $first = $at($next);
            if ($first[1] === '?' || in_array($first[0], ['T_STRING', 'T_NAME_QUALIFIED', 'T_NAME_FULLY_QUALIFIED', 'T_ARRAY'], true)) {
                $found[] = ['a typed property', $line];
            }
            if (end($open) === 'parameters') {
                $found[] = ['a property in a constructor', $line];
            }
        }
        if ($text === ':' && $endedParameters === $place - 1) {
            $type = strtolower($textAfter === '?' ? $at($place + 2)[1] : $textAfter);
            if (in_array($type, TYPES_LATER, true)) {
                $found[] = ["{$type} as a type", $line];
            }
        }
        if ($text === '|' && ($at($place + 2)[0] === 'T_VARIABLE') && in_array(strtolower($textAfter), [...SCALARS, 'null', 'false'], true)) {
            $found[] = ['a union type', $line];
        }
        if ($text === ',' && $textAfter === ')') {
            $found[] = ['a comma at the end of a call', $line];
        }
        if ($kind === 'T_ELLIPSIS' && end($open) === '[') {
            $found[] = ['spread in an array', $line];
        }
        if (($kind === 'T_LNUMBER' || $kind === 'T_DNUMBER') && strpos($text, '_') !== false) {
            $found[] = ['a number with _', $line];
        }
        if ($kind === 'T_START_HEREDOC' || $kind === 'T_THROW' && in_array($textBefore, ['??', ':', '?', '=>', '('], true)) {
            $found[] = [$kind === 'T_THROW' ? 'throw as a value' : 'a heredoc (its end may be indented since 7.3)', $line];
        }
        if (in_array($text, ['(', '[', '{'], true) || $kind === 'T_CURLY_OPEN' || $kind === 'T_DOLLAR_OPEN_CURLY_BRACES') {
            $isDeclared = $text === '(' && ($before === 'T_FUNCTION' || $before === 'T_USE' || $at($place - 2)[0] === 'T_FUNCTION');
            $open[] = $isDeclared ? 'parameters' : $text;
        } elseif (in_array($text, [')', ']', '}'], true) && array_pop($open) === 'parameters') {
            $endedParameters = $place;
        }
    }

    return $found;
}

/** `function_exists('f') ? f() : ...` is what a file for several versions does. */
function isGuarded(array $tokens, int $place): bool
{
    $name = $tokens[$place][1];
    for ($back = max(0, $place - 8); $back < $place; ++$back) {
        if ($tokens[$back][1] === "'{$name}'" && ($tokens[$back - 2][1] ?? '') === 'function_exists') {
            return true;
        }
    }

    return false;
}

foreach (array_slice($argv, 1) as $file) {
    foreach (findings($file) as [$what, $line]) {
        echo "{$file}:{$line}: {$what}\n";
    }
}
