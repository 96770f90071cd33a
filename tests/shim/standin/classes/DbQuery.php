<?php

declare(strict_types=1);

/** PrestaShop's query builder, the parts that a small module uses. */
class DbQuery
{
    /** @var array<string, string[]> */
    private $parts = ['select' => [], 'from' => [], 'join' => [], 'where' => [], 'groupBy' => [], 'having' => [], 'orderBy' => []];

    /** @var string */
    private $limit = '';

    public function select($fields)
    {
        return $this->with('select', $fields);
    }

    public function from($table, $alias = null)
    {
        return $this->with('from', '`' . _DB_PREFIX_ . $table . '`' . ($alias ? ' ' . $alias : ''));
    }

    public function innerJoin($table, $alias = null, $on = null)
    {
        return $this->with('join', 'INNER JOIN `' . _DB_PREFIX_ . $table . '`' . ($alias ? ' ' . $alias : '') . ($on ? ' ON ' . $on : ''));
    }

    public function leftJoin($table, $alias = null, $on = null)
    {
        return $this->with('join', 'LEFT JOIN `' . _DB_PREFIX_ . $table . '`' . ($alias ? ' ' . $alias : '') . ($on ? ' ON ' . $on : ''));
    }

    public function where($restriction)
    {
        return $this->with('where', '(' . $restriction . ')');
    }

    public function groupBy($fields)
    {
        return $this->with('groupBy', $fields);
    }

    public function orderBy($fields)
    {
        return $this->with('orderBy', $fields);
    }

    public function limit($limit, $offset = 0)
    {
        $this->limit = ' LIMIT ' . ($offset ? (int) $offset . ', ' : '') . (int) $limit;

        return $this;
    }

    public function build()
    {
        $p = $this->parts;
        $sql = 'SELECT ' . (implode(', ', $p['select']) ?: '*') . ' FROM ' . implode(', ', $p['from']) . ' ' . implode(' ', $p['join']);
        $sql .= $p['where'] ? ' WHERE ' . implode(' AND ', $p['where']) : '';
        $sql .= $p['groupBy'] ? ' GROUP BY ' . implode(', ', $p['groupBy']) : '';
        $sql .= $p['orderBy'] ? ' ORDER BY ' . implode(', ', $p['orderBy']) : '';

        return $sql . $this->limit;
    }

    public function __toString()
    {
        return $this->build();
    }

    private function with($part, $text)
    {
        if ((string) $text !== '') {
            $this->parts[$part][] = (string) $text;
        }

        return $this;
    }
}
