<?php

declare(strict_types=1);

/** The back office's form: the names of its fields and their values, so that a test can see what a merchant sees. */
class HelperForm
{
    public $module;
    public $table;
    public $name_controller;
    public $identifier;
    public $token;
    public $currentIndex;
    public $default_form_language;
    public $allow_employee_form_lang;
    public $title;
    public $show_toolbar;
    public $show_cancel_button;
    public $submit_action;
    public $fields_value = [];
    public $tpl_vars = [];
    public $languages = [];
    public $id_language;
    public $bootstrap;
    public $toolbar_btn;
    public $toolbar_scroll;
    public $override_folder;
    public $show_form_cancel_button;

    public function generateForm($fields_form)
    {
        $values = $this->fields_value + ($this->tpl_vars['fields_value'] ?? []);

        // As helpers/form/form.tpl writes it.
        $address = $this->currentIndex . ($this->token ? '&token=' . $this->token : '');

        return '<form data-action="' . htmlspecialchars((string) $this->submit_action) . '"'
            . ' action="' . htmlspecialchars($address) . '" method="post">'
            . htmlspecialchars((string) json_encode(['fields' => $fields_form, 'values' => $values]), ENT_NOQUOTES) . '</form>';
    }
}
