<?php

declare(strict_types=1);

/** One row as an object; `$definition` names table and key, the columns are public properties. */
abstract class ObjectModel
{
    /** @var int|null */
    public $id;

    /** @var array<string, string> */
    public static $definition = [];

    public function __construct($id = null, $id_lang = null, $id_shop = null)
    {
        if (!$id) {
            return;
        }
        $d = static::$definition;
        $row = Db::getInstance()->getRow(
            'SELECT * FROM `' . _DB_PREFIX_ . $d['table'] . '` WHERE `' . $d['primary'] . '` = ' . (int) $id
        );
        if ($row) {
            $this->id = (int) $id;
            $this->fill($row);
        }
    }

    public function add($auto_date = true, $null_values = false)
    {
        $class = static::class;
        Hook::exec('actionObjectAddBefore', ['object' => $this]);
        Hook::exec('actionObject' . $class . 'AddBefore', ['object' => $this]);
        $now = date('Y-m-d H:i:s');
        $values = $this->values();
        foreach (['date_add', 'date_upd'] as $stamp) {
            if ($auto_date && property_exists($this, $stamp)) {
                $this->$stamp = $values[$stamp] = $now;
            }
        }
        if (!Db::getInstance()->insert(static::$definition['table'], $values)) {
            return false;
        }
        $this->id = (int) Db::getInstance()->Insert_ID();
        $this->{static::$definition['primary']} = $this->id;
        Hook::exec('actionObjectAddAfter', ['object' => $this]);
        Hook::exec('actionObject' . $class . 'AddAfter', ['object' => $this]);

        return true;
    }

    public function update($null_values = false)
    {
        Hook::exec('actionObjectUpdateBefore', ['object' => $this]);
        Hook::exec('actionObject' . static::class . 'UpdateBefore', ['object' => $this]);
        $values = $this->values();
        if (property_exists($this, 'date_upd')) {
            $this->date_upd = $values['date_upd'] = date('Y-m-d H:i:s');
        }

        return Db::getInstance()->update(
            static::$definition['table'],
            $values,
            '`' . static::$definition['primary'] . '` = ' . (int) $this->id
        );
    }

    public function save($null_values = false, $auto_date = true)
    {
        return $this->id ? $this->update($null_values) : $this->add($auto_date, $null_values);
    }

    protected function fill(array $row): void
    {
        foreach ($row as $column => $value) {
            if (property_exists($this, $column)) {
                $this->$column = $value;
            }
        }
    }

    private function values(): array
    {
        $values = [];
        foreach (static::columns() as $column) {
            if ($this->$column !== null) {
                $values[$column] = pSQL((string) $this->$column, true);
            }
        }

        return $values;
    }

    private static function columns(): array
    {
        $found = [];
        foreach ((new ReflectionClass(static::class))->getProperties(ReflectionProperty::IS_PUBLIC) as $property) {
            $name = $property->getName();
            $own = $property->getDeclaringClass()->getName() === static::class && !$property->isStatic();
            if ($own && $name !== static::$definition['primary'] && strpos((string) $property->getDocComment(), '@transient') === false) {
                $found[] = $name;
            }
        }

        return $found;
    }
}
