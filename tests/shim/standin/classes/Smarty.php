<?php

declare(strict_types=1);

/** Takes what is assigned; a template comes out as its name with the assigned values, for tests to look at. */
class Smarty
{
    /** @var array<string, mixed> */
    private $values = [];

    public function assign($name, $value = null)
    {
        $this->values = array_merge($this->values, is_array($name) ? $name : [$name => $value]);

        return $this;
    }

    public function getTemplateVars($name = null)
    {
        return $name === null ? $this->values : ($this->values[$name] ?? null);
    }

    public function fetch($template, $cache_id = null, $compile_id = null, $parent = null)
    {
        $shown = json_encode($this->values, JSON_PARTIAL_OUTPUT_ON_ERROR | JSON_UNESCAPED_SLASHES);

        return '<!-- ' . basename((string) $template) . ' ' . htmlspecialchars((string) $shown, ENT_NOQUOTES) . ' -->';
    }
}
