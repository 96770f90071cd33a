<?php

declare(strict_types=1);

class Employee
{
    public $id = 1;
    public $id_lang = 1;
}
