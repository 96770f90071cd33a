<?php

declare(strict_types=1);

/** PrestaShop's Db: statements commit by themselves, errors are false outside debug mode. */
class Db
{
    public const INSERT = 1;
    public const INSERT_IGNORE = 2;
    public const REPLACE = 3;
    public const ON_DUPLICATE_KEY = 4;

    /** @var self|null */
    private static $instance;

    /** @var PDO */
    private $link;

    /** @var int */
    private $affected = 0;

    private function __construct()
    {
        $dsn = sprintf('mysql:host=%s;port=%d;dbname=%s;charset=utf8mb4', _DB_SERVER_, _DB_PORT_, _DB_NAME_);
        $this->link = new PDO($dsn, _DB_USER_, _DB_PASSWD_, [PDO::MYSQL_ATTR_USE_BUFFERED_QUERY => true]);
        $this->link->exec("SET SESSION sql_mode = ''");
    }

    public static function getInstance($master = true)
    {
        return self::$instance ?? (self::$instance = new self());
    }

    public function query($sql)
    {
        try {
            $result = $this->link->query((string) $sql);
        } catch (PDOException $error) {
            if (_PS_MODE_DEV_) {
                throw new PrestaShopDatabaseException($error->getMessage() . ': ' . $sql);
            }
            error_log('Db: ' . $error->getMessage() . ': ' . $sql);

            return false;
        }
        $this->affected = $result->rowCount();

        return $result;
    }

    public function execute($sql, $use_cache = true)
    {
        return (bool) $this->query($sql);
    }

    public function executeS($sql, $array = true, $use_cache = true)
    {
        $result = $this->query($sql);

        return $result === false ? false : $result->fetchAll(PDO::FETCH_ASSOC);
    }

    public function getRow($sql, $use_cache = true)
    {
        $result = $this->query(self::limited($sql));

        return $result === false ? false : $result->fetch(PDO::FETCH_ASSOC);
    }

    public function getValue($sql, $use_cache = true)
    {
        $row = $this->getRow($sql, $use_cache);

        return $row === false ? false : array_shift($row);
    }

    public function insert($table, $data, $null_values = false, $use_cache = true, $type = self::INSERT, $add_prefix = true)
    {
        if (!$data) {
            return true;
        }
        $rows = isset($data[0]) ? $data : [$data];
        $verbs = [self::INSERT => 'INSERT', self::INSERT_IGNORE => 'INSERT IGNORE', self::REPLACE => 'REPLACE'];
        $values = [];
        foreach ($rows as $row) {
            $values[] = '(' . implode(', ', $this->quoted($row, $null_values)) . ')';
        }

        return $this->execute(sprintf(
            '%s INTO `%s` (`%s`) VALUES %s',
            $verbs[$type] ?? 'INSERT',
            $this->prefixed($table, $add_prefix),
            implode('`, `', array_map('bqSQL', array_keys($rows[0]))),
            implode(', ', $values)
        ));
    }

    public function update($table, $data, $where = '', $limit = 0, $null_values = false, $use_cache = true, $add_prefix = true)
    {
        if (!$data) {
            return true;
        }
        $changes = [];
        foreach ($this->quoted($data, $null_values) as $column => $value) {
            $changes[] = '`' . bqSQL((string) $column) . '` = ' . $value;
        }
        $sql = 'UPDATE `' . $this->prefixed($table, $add_prefix) . '` SET ' . implode(', ', $changes);

        return $this->execute($sql . ($where ? ' WHERE ' . $where : '') . ($limit ? ' LIMIT ' . (int) $limit : ''));
    }

    public function delete($table, $where = '', $limit = 0, $use_cache = true, $add_prefix = true)
    {
        $sql = 'DELETE FROM `' . $this->prefixed($table, $add_prefix) . '`';

        return $this->execute($sql . ($where ? ' WHERE ' . $where : '') . ($limit ? ' LIMIT ' . (int) $limit : ''));
    }

    public function escape($string, $html_ok = false, $bq_sql = false)
    {
        if (!is_numeric($string)) {
            $string = substr($this->link->quote((string) $string), 1, -1);
            $string = $html_ok ? $string : strip_tags(nl2br($string));
        }

        return $string;
    }

    public function Insert_ID()
    {
        return $this->link->lastInsertId();
    }

    public function Affected_Rows()
    {
        return $this->affected;
    }

    public function getLink()
    {
        return $this->link;
    }

    public function getMsgError($query = false)
    {
        return implode(' ', array_map('strval', $this->link->errorInfo()));
    }

    public function getNumberError()
    {
        return (int) ($this->link->errorInfo()[1] ?? 0);
    }

    /** Values as PrestaShop puts them into SQL: the caller has escaped them already. */
    private function quoted(array $row, $null_values): array
    {
        return array_map(static function ($value) use ($null_values) {
            if (is_array($value) && ($value['type'] ?? '') === 'sql') {
                return $value['value'];
            }

            return $value === null || ($null_values && $value === '') ? 'NULL' : "'" . $value . "'";
        }, $row);
    }

    private function prefixed($table, $add_prefix): string
    {
        return $add_prefix && strpos($table, _DB_PREFIX_) !== 0 ? _DB_PREFIX_ . $table : $table;
    }

    private static function limited($sql): string
    {
        $text = rtrim((string) $sql, " \t\n\r\0\x0B;");

        return preg_match('/\blimit\s+\d+(\s*,\s*\d+)?$/i', $text) ? $text : $text . ' LIMIT 1';
    }
}
