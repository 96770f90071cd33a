{**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 *}
<div class="panel" id="molliebridge">
  <div class="panel-heading"><i class="icon-shield"></i> {l s='Mollie bridge' d='Modules.Molliebridge.Admin'}</div>
  <div id="molliebridge-connection" class="alert {if $molliebridge.isConnected}alert-success{elseif $molliebridge.isComplete}alert-danger{else}alert-info{/if}" role="status">
    {$molliebridge.connection|escape:'html':'UTF-8'}
  </div>
  {foreach from=$molliebridge.warnings item=warning}
    <div class="alert alert-warning">{$warning|escape:'html':'UTF-8'}</div>
  {/foreach}
  {if $molliebridge.mode}
    <p>{$molliebridge.mode|escape:'html':'UTF-8'}</p>
  {/if}
  {if $molliebridge.figures}
    <table class="table" style="width: auto">
      <thead>
        <tr><th colspan="2">{l s='Figures of the last days (%number%)' sprintf=['%number%' => $molliebridge.days] d='Modules.Molliebridge.Admin'}</th></tr>
      </thead>
      <tbody>
        {foreach from=$molliebridge.figures item=figure}
          <tr{if $figure.alarms} class="danger"{/if}>
            <td>{$figure.name|escape:'html':'UTF-8'}</td>
            <td class="text-right">{$figure.value|escape:'html':'UTF-8'}</td>
          </tr>
        {/foreach}
      </tbody>
    </table>
  {/if}
  {if $molliebridge.outages}
    <p class="text-muted">{$molliebridge.outages|escape:'html':'UTF-8'}</p>
  {/if}
  <div class="panel-footer">
    <button type="button" class="btn btn-default" id="molliebridge-test" data-url="{$molliebridge.testUrl|escape:'html':'UTF-8'}"{if !$molliebridge.isComplete} disabled{/if}>
      <i class="icon-refresh"></i> {l s='Test the saved connection' d='Modules.Molliebridge.Admin'}
    </button>
    {if $molliebridge.dashboard}
      <a class="btn btn-default" href="{$molliebridge.dashboard|escape:'html':'UTF-8'}" target="_blank" rel="noopener noreferrer">
        <i class="icon-bar-chart"></i> {l s='Dashboard' d='Modules.Molliebridge.Admin'}
      </a>
    {/if}
    {if $molliebridge.isComplete}
      <p class="help-block">{l s='The dashboard, also from another machine: docs/how-to/use-the-dashboard.md of the bridge.' d='Modules.Molliebridge.Admin'}</p>
    {/if}
  </div>
</div>
<script src="{$molliebridge.script|escape:'html':'UTF-8'}" defer></script>
